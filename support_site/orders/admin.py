"""Orders for staff, the tokens of the shop's system, and what it was told."""

from typing import Any, cast, get_args

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, JSONField, QuerySet, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agents.shop.facts import order_total
from agents.shop.money import dollars
from agents.shop.records import Status
from support_site.accounts.models import Account, User
from support_site.memory import readable
from support_site.memory.admin import AccountFilter, NotesReads, ReadOnly
from support_site.memory.stores import site_ledger
from support_site.orders import corrections, delivery
from support_site.orders.corrections import NotCorrected, facts_of
from support_site.orders.forms import FORMS, CorrectionForm, offered
from support_site.orders.models import Order, ShopToken, WebhookDelivery
from support_site.orders.page import order_page
from support_site.orders.tokens import new_token

#: PostgreSQL cannot read JSON that holds a NUL, and one such record must not close the whole list.
AS_JSON = Case(
    When(value_text__contains=r"\u0000", then=Value(None)),
    default=Cast("value_text", JSONField()),
    output_field=JSONField(),
)


class StatusFilter(admin.SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status, status) for status in get_args(Status)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        chosen = self.value()
        return queryset.alias(as_json=AS_JSON).filter(as_json__status=chosen) if chosen else queryset


@admin.register(Order)
class OrderAdmin(ReadOnly, NotesReads):
    """Read like any record; changed only by a correction, which has a reason."""

    list_display = ("key", "account_link", "shown_status", "items", "total", "updated_at")
    list_filter = (StatusFilter, AccountFilter, "updated_at")
    search_fields = ("key_text", "value_text", "account__name")
    search_help_text = "Order number, product, tracking number, or the customer's name"
    list_select_related = ("account",)
    list_per_page = 50
    show_full_result_count = False
    fields = ("key_text",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        orders = super().get_queryset(request).defer("vectors")
        orders = orders.exclude(account__in=Account.objects.filter(is_synthetic=True))
        return orders.alias(as_json=AS_JSON).annotate(order_status=KT("as_json__status"))

    @admin.display(description="order", ordering="key_text")
    def key(self, order: Order) -> str:
        return order.key

    @admin.display(description="customer", ordering="account__name")
    def account_link(self, order: Order) -> SafeString:
        url = reverse("admin:accounts_account_change", args=[order.account_id])
        return format_html('<a href="{}">{}</a>', url, order.account)

    @admin.display(description="status", ordering="order_status")
    def shown_status(self, order: Order) -> str:
        return (order.value or {})["status"]

    @admin.display(description="items")
    def items(self, order: Order) -> str:
        return ", ".join(item["name"] for item in (order.value or {})["items"])

    @admin.display(description="total")
    def total(self, order: Order) -> str:
        return dollars(order_total(order.value or {}))

    def get_urls(self) -> list[URLPattern]:
        correct = self.admin_site.admin_view(self.correct_view)
        return [path("<int:pk>/correct/<str:tool>/", correct, name="orders_order_correct"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        order = self.get_object(request, object_id)
        context: dict[str, Any] = {}
        if order and self.has_view_permission(request, order):
            facts = facts_of(site_ledger(), order)
            may_see = request.user.has_perm("chat.view_conversation")
            context["page"] = order_page(order, facts, with_conversations=may_see)
            context["corrections"] = offered(facts.order) if _may_correct(request) else []
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def correct_view(self, request: HttpRequest, pk: int, tool: str) -> HttpResponse:
        """A form; then what it would do; then, once that was seen, the correction."""
        if not _may_correct(request):
            raise PermissionDenied
        order = self.get_object(request, str(pk))
        if order is None or tool not in FORMS:
            raise Http404
        form = FORMS[tool][1](request.POST or None, facts=facts_of(site_ledger(), order))
        preview = None
        if form.is_valid():
            try:
                if "apply" in request.POST:
                    return self._correct(request, order, tool, form)
                preview = _preview(order, tool, form)
            except NotCorrected as error:
                form.add_error(None, str(error))
        return self._form_page(request, order, tool, form, preview)

    def _correct(self, request: HttpRequest, order: Order, tool: str, form: CorrectionForm) -> HttpResponse:
        staff = cast(User, request.user)
        receipt = corrections.correct(
            site_ledger(), order, tool=tool, arguments=form.arguments(), by=staff, **_kept(form, "reason")
        )
        self.log_change(request, order, f"{receipt['title']}: {form.cleaned_data['reason']}")
        messages.success(request, f"{receipt['title']}.")
        return HttpResponseRedirect(reverse("admin:orders_order_change", args=[order.pk]))

    def _form_page(
        self, request: HttpRequest, order: Order, tool: str, form: CorrectionForm, preview: dict[str, Any] | None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": order,
            "title": f"{FORMS[tool][0]}: order {order.key}",
            "form": form,
            "preview": preview,
        }
        return TemplateResponse(request, "admin/orders/order/correct.html", context)


def _may_correct(request: HttpRequest) -> bool:
    return request.user.has_perm("orders.change_order")


def _preview(order: Order, tool: str, form: CorrectionForm) -> dict[str, Any]:
    return corrections.preview(order, form.facts, tool=tool, arguments=form.arguments(), **_kept(form))


def _kept(form: CorrectionForm, *names: str) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("version", *names)}


@admin.register(ShopToken)
class ShopTokenAdmin(admin.ModelAdmin):
    """A token is shown once, on the page that follows its making, and can be switched off."""

    list_display = ("name", "is_active", "last_used_at", "created_at")
    fields = ("name", "is_active")

    def has_delete_permission(self, request: HttpRequest, obj: ShopToken | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ShopToken, form: ModelForm, change: bool) -> None:
        if not change:
            request.new_shop_token, obj.digest = new_token()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ShopToken, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": f"Token for {obj.name}",
            "token": request.new_shop_token,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/orders/shoptoken/made.html", context)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly, admin.ModelAdmin):
    """What the shop was told, what waits, and what was given up."""

    list_display = ("__str__", "account", "status", "attempts", "last_error", "next_at", "created_at")
    list_filter = ("status", "tool", "created_at")
    search_fields = ("action_id", "order_id", "account__name")
    search_help_text = "Order number, action id, or the customer's name"
    list_select_related = ("account",)
    list_per_page = 50
    exclude = ("body",)
    readonly_fields = ("content",)
    actions = ("resend",)

    @admin.display(description="what is sent")
    def content(self, row: WebhookDelivery) -> SafeString:
        return readable.as_json(row.told)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_webhookdelivery")

    @admin.action(description="Send again", permissions=["resend"])
    def resend(self, request: HttpRequest, rows: QuerySet[WebhookDelivery]) -> None:
        chosen = list(rows)
        count = delivery.resend(rows)
        for row in chosen:
            self.log_change(request, row, "Put in line again.")
        messages.success(request, f"{count} will be sent within seconds.")
