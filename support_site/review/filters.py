"""What the list of memories is narrowed by. None of them asks the database for its choices."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Case, Q, QuerySet, When
from django.http import HttpRequest
from django.utils import timezone

from agents.memory import KINDS, TRUSTS
from support_site.memory.models import Record

Status = Record.Status
Choices = list[tuple[str, str]]

TRUST_IN_WORDS = {
    "record": "from a record",
    "staff": "by staff",
    "customer": "by the customer",
    "inferred": "inferred",
}


def kind_in_words(kind: str) -> str:
    return kind.replace("_", " ")


def is_over() -> Q:
    """Recalled no more, because its time is over."""
    now = timezone.now()
    return Q(recalled_until__lte=now) | Q(expires_at__lte=now)


#: The agent may not recall it until somebody has looked at it.
HELD_BACK = (Status.NEEDS_REVIEW, Status.QUARANTINED)


def waits() -> Q:
    """Nobody of the staff has looked at it, and it says something that may be recalled or was held back."""
    return Q(reviewed_at=None, status__in=(Status.ACTIVE, *HELD_BACK))


#: What is held back comes first.
QUEUE_ORDER = (Case(When(status=Status.NEEDS_REVIEW, then=0), When(status=Status.QUARANTINED, then=1), default=2),)


class QueueFilter(SimpleListFilter):
    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("unreviewed", "not reviewed yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(waits()).exclude(is_over()) if self.value() else queryset


class StatusFilter(SimpleListFilter):
    """What was deleted is only shown to who asks for it."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [
            (Status.ACTIVE, "active"),
            (Status.NEEDS_REVIEW, "needs review"),
            (Status.QUARANTINED, "quarantined"),
            (Status.SUPERSEDED, "superseded"),
            ("expired", "expired"),
            (Status.DELETED, "deleted"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return queryset.exclude(status=Status.DELETED)
        if chosen == "expired":
            return queryset.filter(is_over()).exclude(status=Status.DELETED)
        found = queryset.filter(status=chosen)
        return found.exclude(is_over()) if chosen == Status.ACTIVE else found


class KindFilter(SimpleListFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(kind, kind_in_words(kind)) for kind in KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(memory_kind=self.value()) if self.value() else queryset


class TrustFilter(SimpleListFilter):
    title = "trust"
    parameter_name = "trust"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(trust, TRUST_IN_WORDS[trust]) for trust in TRUSTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(trust=self.value()) if self.value() else queryset


class SourceFilter(SimpleListFilter):
    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("conversation", "a conversation"), ("staff", "added by staff"), ("other", "elsewhere")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        said, by_staff = Q(conversation_id__isnull=False), Q(trust="staff")
        chosen = {"conversation": said, "staff": ~said & by_staff, "other": ~said & ~by_staff}
        return queryset.filter(chosen[self.value() or ""]) if self.value() in chosen else queryset


class SearchFilter(SimpleListFilter):
    """Whether ``q`` is searched by its words or by its meaning; chosen beside the search field."""

    title = "search"
    parameter_name = "by"

    def has_output(self) -> bool:
        return False

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("meaning", "meaning")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset
