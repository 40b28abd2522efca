from datetime import timedelta
from typing import Any

from django import template
from django.utils import timezone

from support_site.memory.models import StoreEvent

register = template.Library()

#: The canary looks every ten minutes: an alarm that was not raised again for so long is over.
STANDS_FOR = timedelta(hours=1)


@register.simple_tag
def leak_alarms(user: Any) -> list[str]:
    """What the leak canary found lately, each thing once; nothing for who may not see the store's events."""
    if not user.has_perm("memory.view_storeevent"):
        return []
    lately = StoreEvent.objects.filter(kind=StoreEvent.Kind.CANARY, at__gt=timezone.now() - STANDS_FOR)
    return list(lately.order_by("text").values_list("text", flat=True).distinct())
