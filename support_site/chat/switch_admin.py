"""The switch of the agent in the admin: who turned it, when and why, and the form that turns it."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm, RadioSelect
from django.http import HttpRequest, HttpResponse

from support_site.chat import switch
from support_site.chat.models import AgentSwitch


@admin.register(AgentSwitch)
class AgentSwitchAdmin(admin.ModelAdmin):
    """To add a row is to turn the switch; rows are never changed, because they are the record."""

    list_display = ("at", "is_on", "by", "reason")
    list_display_links = None
    list_select_related = ("by",)
    fields = ("is_on", "reason")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "is_on":
            kwargs |= {"widget": RadioSelect, "initial": not switch.agent_is_on()}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        stands = "on" if switch.agent_is_on() else "off"
        return super().changelist_view(request, {**(extra_context or {}), "title": f"The agent is {stands}"})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {
            "title": "Turn the agent off or on",
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }
        return super().add_view(request, form_url, {**(extra_context or {}), **title})

    def save_model(self, request: HttpRequest, obj: AgentSwitch, form: ModelForm, change: bool) -> None:
        flipped = switch.flip(is_on=obj.is_on, reason=obj.reason, by=request.user)  # type: ignore[arg-type]
        obj.pk = flipped.pk
