"""Accounts and users in the admin. Nothing is deleted here: accounts are erased by privacy, users deactivated."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from support_site.accounts.forms import UserCreationForm
from support_site.accounts.models import Account, User

admin.site.site_header = admin.site.site_title = "Support desk"
admin.site.index_title = "Customers, conversations and what is remembered"


class UserInline(admin.TabularInline):
    """Who signs in to the account; each is edited on a page of their own."""

    model = User
    fields = readonly_fields = ("email", "name", "is_active", "last_login")
    extra = 0
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    """A customer, and the way to everything that is kept about them."""

    list_display = ("display_name", "emails", "shop_customer_id", "created_at")
    list_filter = ("created_at", ("shop_customer_id", admin.EmptyFieldListFilter))
    search_fields = ("name", "shop_customer_id", "users__email", "users__name", "id")
    search_help_text = "Name, e-mail address, the shop's customer id, or account id"
    date_hierarchy = "created_at"
    readonly_fields = ("id", "created_at", "conversations", "orders", "memories", "records", "reads")
    fields = ("name", "shop_customer_id", *readonly_fields)
    inlines = (UserInline,)
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).filter(is_synthetic=False).prefetch_related("users")

    @admin.display(description="customer", ordering="name")
    def display_name(self, account: Account) -> str:
        return account.name or "(no name)"

    @admin.display(description="signs in as")
    def emails(self, account: Account) -> str:
        return ", ".join(user.email for user in account.users.all())

    @admin.display(description="conversations")
    def conversations(self, account: Account) -> SafeString:
        return of_this_account("admin:chat_conversation_changelist", account, "Conversations of this customer")

    @admin.display(description="orders")
    def orders(self, account: Account) -> SafeString:
        return of_this_account("admin:orders_order_changelist", account, "Orders of this customer")

    @admin.display(description="memories")
    def memories(self, account: Account) -> SafeString:
        return of_this_account("admin:review_memory_changelist", account, "What is remembered of this customer")

    @admin.display(description="in the store")
    def records(self, account: Account) -> SafeString:
        return of_this_account("admin:memory_record_changelist", account, "Memories, orders and profile")

    @admin.display(description="who looked")
    def reads(self, account: Account) -> SafeString:
        return of_this_account("admin:memory_recordread_changelist", account, "Reads by staff")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def of_this_account(url_name: str, account: Account, text: str) -> SafeString:
    """A link to another admin list, narrowed to one account."""
    return format_html('<a href="{}?account__id__exact={}">{}</a>', reverse(url_name), account.pk, text)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """A person who signs in."""

    add_form = UserCreationForm
    list_display = ("email", "name", "account", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")
    list_select_related = ("account",)
    search_fields = ("email", "name", "account__name", "account__shop_customer_id")
    ordering = ("email",)
    autocomplete_fields = ("account",)
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "name", "account", "password")}),
        ("May do", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "account", "is_staff", "usable_password", "password1", "password2")}),
    )

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        if not obj.is_staff and obj.account is None:
            obj.account = Account.objects.create(name=obj.name)
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            # allauth also accepts the addresses it knows of; an address taken away must not open the door.
            EmailAddress.objects.filter(user=obj).exclude(email=obj.email).delete()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
