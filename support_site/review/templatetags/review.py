"""What the admin's front page says about memories."""

from django import template

from support_site.accounts.models import User
from support_site.review.filters import HELD_BACK
from support_site.review.models import Memory

register = template.Library()


@register.simple_tag
def memories_held_back(user: User) -> int:
    """How many memories the agent may not recall until somebody has looked at them; 0 for who may not see any."""
    if not user.has_perm("review.view_memory"):
        return 0
    return Memory.objects.filter(kind="memories", status__in=HELD_BACK, reviewed_at=None).count()
