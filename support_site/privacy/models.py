"""What privacy keeps itself: erasures, which end as receipts, and exports on their way to the customer."""

import uuid

from django.db import models
from django.utils import timezone

from support_site.accounts.models import Account


class Erasure(models.Model):
    """The erasing of one account, and afterwards its receipt: what was removed from where, and no word of whose.

    ``account_id`` is no foreign key: it outlives the account, and by then leads nowhere.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account_id = models.UUIDField(unique=True, editable=False)
    #: "customer", "staff:<user id>" or "system".
    asked_by = models.CharField(max_length=100)
    reason = models.CharField(max_length=500, blank=True)
    #: Where the receipt is sent; emptied with the last step.
    notify = models.EmailField(blank=True)
    #: LangGraph's threads and the log's turns: needed when their rows are gone. Emptied with the last step.
    ids = models.JSONField(default=dict, blank=True)
    #: {step: {place: how many}}; a step that is named here may still have to be done again.
    counts = models.JSONField(default=dict, blank=True)
    #: How many steps are done.
    done = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(auto_now_add=True)
    #: When somebody last worked on it.
    worked_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at",)
        verbose_name = "erasure receipt"
        default_permissions = ("view",)
        permissions = (("erase_account", "Can erase an account and delete conversations"),)

    def __str__(self) -> str:
        return f"Erasure {self.pk}"


class Deletion(models.Model):
    """The deleting of one conversation: its rows went at once, the rest follows; kept as the record that it was."""

    #: Of the conversation, which is gone: LangGraph's thread.
    conversation_id = models.UUIDField(primary_key=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="deletions")
    #: "customer", "staff:<user id>" or "system" (its time was over).
    asked_by = models.CharField(max_length=100)
    reason = models.CharField(max_length=500, blank=True)
    #: Turns whose logs may still be there.
    turns = models.JSONField(default=list, blank=True)
    #: {what: how many} went with it.
    counts = models.JSONField(default=dict, blank=True)
    deleted_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-deleted_at",)
        verbose_name = "deleted conversation"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"Conversation {self.conversation_id}"


class Export(models.Model):
    """Everything kept about an account, in one archive: ordered, being made, there to be fetched for a while."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running", "being made"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="exports")
    #: "customer" or "staff:<user id>".
    asked_by = models.CharField(max_length=100)
    reason = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    #: Rooms written, of how many.
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    #: In the default storage, under a name nobody can guess; empty until it is there.
    file = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField("bytes", default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    UNFINISHED = (Status.QUEUED, Status.RUNNING)

    class Meta:
        ordering = ("-created_at",)
        default_permissions = ("view",)
        permissions = (("export_account", "Can export all data of an account"),)

    def __str__(self) -> str:
        return f"Export {self.pk} ({self.get_status_display()})"

    @property
    def is_fetchable(self) -> bool:
        """Whether the archive is there and its time has not run out."""
        is_fresh = self.expires_at is not None and self.expires_at > timezone.now()
        return self.status == self.Status.READY and is_fresh

    @property
    def is_unfinished(self) -> bool:
        return self.status in self.UNFINISHED
