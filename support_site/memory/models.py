"""The ledger's tables: what every record of the store is now, and everything that was ever done to it."""

import json
from collections.abc import Sequence
from typing import Any, Self

from django.db import models
from django.utils import timezone

from support_site.accounts.models import Account, User
from support_site.memory.drafts import key_of, labels_of


class Scope(models.Model):
    """A part of the store that is written and read as one: an account, or one shelf of the shop.

    ``revision`` goes up with every write below it, so whoever has read the records of a scope at revision n
    knows without reading them again whether they still are what they were.
    """

    #: The first two labels of its namespaces, dotted: "accounts.<account id>", "shop.products".
    name = models.CharField(max_length=200, primary_key=True)
    account = models.OneToOneField(Account, on_delete=models.CASCADE, null=True, blank=True, related_name="scope")
    revision = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class RecordQuerySet(models.QuerySet["Record"]):
    def live(self) -> Self:
        """What the store answers."""
        return self.exclude(status=Record.Status.DELETED)

    def pending(self) -> Self:
        """What Chroma has not been told yet."""
        return self.filter(in_store=False)

    def expired(self) -> Self:
        return self.live().filter(expires_at__lte=timezone.now())

    def below(self, prefix: Sequence[str]) -> Self:
        """What lies at or under a namespace."""
        if not prefix:
            return self
        dotted = ".".join(prefix)
        return self.filter(models.Q(namespace=dotted) | models.Q(namespace__startswith=f"{dotted}."))


class Record(models.Model):
    """One value of the store as it is now. Survives its deletion as a card without a value.

    ``PROTECT``: an account that still has records must be erased (``memory.services.erase_account``), because a
    cascade would leave its values behind in Chroma.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        #: A memory in whose place a newer one is recalled.
        SUPERSEDED = "superseded"
        #: A memory that is kept and not recalled.
        QUARANTINED = "quarantined"
        #: A memory that is not recalled until staff have looked at it.
        NEEDS_REVIEW = "needs_review", "needs review"
        DELETED = "deleted"

    #: sha256 of namespace and key: both may be longer than a database can index.
    address = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.ForeignKey(Scope, on_delete=models.CASCADE, related_name="records")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="records")
    #: Labels joined by dots (no label has one).
    namespace = models.TextField()
    #: See ``drafts.key_text_of``.
    key_text = models.TextField("key")
    #: What it is: "orders", "profile", "memories", "products", "help".
    kind = models.CharField(max_length=100, blank=True)
    #: JSON; None once deleted.
    value_text = models.TextField("value", null=True)
    #: sha256 of the value with sorted keys; tells whether Chroma holds the same.
    digest = models.CharField(max_length=64, blank=True)
    #: ``value["version"]`` of kinds that are compared and swapped.
    version = models.PositiveIntegerField(null=True, blank=True)
    #: The scope's revision at the last write.
    revision = models.PositiveBigIntegerField()
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    #: Chroma has what this card says.
    in_store = models.BooleanField("in Chroma", default=False)
    #: LangGraph's ``index`` of the put: None, False or a list of field paths.
    index = models.JSONField(null=True, blank=True)
    #: float32, one row a text; with the embedder's name, so that Chroma can be rebuilt without it.
    vectors = models.BinaryField(null=True)
    embedder = models.CharField(max_length=200, blank=True)
    ttl_minutes = models.FloatField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    #: Of memories only, for lists of thousands: what ``memory.facets`` reads out of the value.
    memory_kind = models.CharField("kind of memory", max_length=20, blank=True)
    trust = models.CharField(max_length=10, blank=True)
    #: Where it was said; no foreign key, because the conversation belongs to a room above.
    conversation_id = models.UUIDField("said in", null=True, blank=True, db_index=True)
    #: Kept longer than that, but recalled no more.
    recalled_until = models.DateTimeField(null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    search_text = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField()
    #: Differs between any two writes of a record; Chroma keeps the same, which tells whether it is up to date.
    updated_at = models.DateTimeField()

    objects = RecordQuerySet.as_manager()

    class Meta:
        ordering = ("-updated_at", "-id")
        indexes = (
            models.Index(fields=("-updated_at", "-id"), name="record_newest"),
            models.Index(fields=("account", "-updated_at"), name="record_of_account"),
            # Holds all that a search by words looks at, and so reads no values: seven times as fast.
            models.Index(fields=("kind", "-updated_at", "account", "status", "search_text"), name="record_for_search"),
            # Holds all that lists of memories are counted, ordered and found by (PostgreSQL wants the id named, too):
            # ten times as fast as reading the rows.
            models.Index(
                fields=(
                    "kind",
                    "status",
                    "-updated_at",
                    "-id",
                    "account",
                    "reviewed_at",
                    "recalled_until",
                    "expires_at",
                ),
                name="record_for_lists",
            ),
            models.Index(fields=("memory_kind", "-updated_at"), name="record_of_memory_kind"),
            models.Index(fields=("trust", "-updated_at"), name="record_of_trust"),
            models.Index(fields=("scope", "status"), name="record_of_scope"),
            models.Index(fields=("status", "namespace"), name="record_namespaces"),
            models.Index(fields=("scope",), condition=models.Q(in_store=False), name="record_pending"),
            models.Index(fields=("expires_at",), condition=models.Q(expires_at__isnull=False), name="record_expiring"),
        )

    def __str__(self) -> str:
        return f"{self.namespace} {self.key}"

    @property
    def key(self) -> str:
        return key_of(self.key_text)

    @property
    def labels(self) -> tuple[str, ...]:
        return labels_of(self.namespace)

    @property
    def value(self) -> dict[str, Any] | None:
        return None if self.value_text is None else json.loads(self.value_text)

    @property
    def is_live(self) -> bool:
        """Whether the store answers it."""
        return self.status != self.Status.DELETED


class RecordChange(models.Model):
    """One write, kept for good: what was there, what is there since, who did it and why."""

    class Kind(models.TextChoices):
        CREATED = "created"
        CHANGED = "changed"
        DELETED = "deleted"

    class Effect(models.TextChoices):
        CORRECTED = "corrected"
        QUARANTINED = "quarantined"

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=12, choices=Kind)
    #: Of memories only: what ``memory.facets`` tells of it. Known also where the values are not kept.
    effect = models.CharField(max_length=12, choices=Effect, blank=True)
    #: The scope's revision the write made.
    revision = models.PositiveBigIntegerField()
    #: JSON; both None where LEDGER_KEEPS_OLD_VALUES is off.
    before_text = models.TextField("before", null=True)
    after_text = models.TextField("after", null=True)
    #: "agent", "customer", "staff:<user id>", "import", "shop" or "system".
    actor = models.CharField(max_length=100)
    reason = models.CharField(max_length=500, blank=True)
    turn_id = models.CharField("turn", max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("at",), name="change_by_day"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.actor}"


class RecordRead(models.Model):
    """That a member of staff saw something that is kept about an account. See ``memory.reads``."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="record_reads")
    reader = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    #: In words a customer may read: "memory (preference)", "order #W2611340", "list of memories".
    what = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("account", "-at"), name="record_read_of_account"),)

    def __str__(self) -> str:
        return f"{self.what}, read by {self.reader or 'staff'}"


class Tombstone(models.Model):
    """Says that something was erased: whoever writes there later is refused. Holds no name of what it was."""

    scope = models.CharField(max_length=200, db_index=True)
    #: ``Record.address`` of the erased record; empty when the whole scope was.
    address = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at",)
        constraints = (models.UniqueConstraint(fields=("scope", "address"), name="tombstone_unique"),)

    def __str__(self) -> str:
        return f"{self.scope} erased"


class StoreEvent(models.Model):
    """Something about the store that staff should know: broken, rebuilt, mended."""

    class Kind(models.TextChoices):
        BROKEN = "broken", "Chroma was broken"
        REBUILT = "rebuilt", "Chroma was rebuilt"
        MENDED = "mended", "differences were mended"
        ERASED = "erased", "records were erased"
        CANARY = "canary", "the leak canary"
        REFUSED = "refused", "a record was refused"

    kind = models.CharField(max_length=10, choices=Kind)
    text = models.CharField(max_length=1000)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return self.text
