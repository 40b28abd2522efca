"""What the admin's front page says about the work that waits."""

from typing import NamedTuple

from django import template

from support_site.accounts.models import User
from support_site.chat.models import Action, AgentSwitch, Conversation

register = template.Library()


class Waiting(NamedTuple):
    """How many conversations need a person, and how many actions a decision of staff; 0 of what may not be seen."""

    conversations: int
    actions: int


@register.simple_tag
def waiting_for_staff(user: User) -> Waiting:
    """The work that waits for staff, as far as this user may see it."""
    people = user.has_perm("chat.view_conversation") and Conversation.objects.filter(needs_person=True).count()
    decisions = user.has_perm("chat.view_action") and Action.objects.filter(**Action.WAITING_FOR_STAFF).count()
    return Waiting(int(people), int(decisions))


@register.simple_tag
def agent_switched_off() -> AgentSwitch | None:
    """Who turned the agent off, when and why; None while it answers."""
    newest = AgentSwitch.objects.select_related("by").first()
    return newest if newest and not newest.is_on else None
