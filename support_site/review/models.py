"""What staff review. The rows are the ledger's; this room has its own name for them, for its own permissions."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from agents.screening import readable
from support_site.accounts.models import User
from support_site.chat.models import Turn
from support_site.memory.models import Record


class Memory(Record):
    """A record of the memories namespace, as the review desk shows it."""

    class Meta:
        proxy = True
        ordering = ("-updated_at", "-id")
        verbose_name_plural = "memories"

    @property
    def standing(self) -> str:
        """Its status as staff filter by it: what is active and out of date is "expired"."""
        ends = [at for at in (self.recalled_until, self.expires_at) if at]
        is_over = self.status == self.Status.ACTIVE and any(at <= timezone.now() for at in ends)
        return "expired" if is_over else self.get_status_display().lower()

    def __str__(self) -> str:
        return readable(str((self.value or {}).get("text") or "Deleted memory"))


class Replay(models.Model):
    """An edit of a memory, tried on a turn that used it: what the agent would have said. Kept for a day."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    memory = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="replays")
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="replays")
    #: The edit: what the memory would say, what kind it would be, and the digest of what it replaces.
    text = models.TextField()
    kind = models.CharField(max_length=20)
    seen = models.CharField(max_length=64)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    #: The reply, rendered and sanitised, and in sentences what else the agent would have done.
    html = models.TextField(blank=True)
    notes = models.JSONField(default=list)
    #: Why it failed, as a sentence for staff.
    trouble = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    FINISHED = (Status.DONE, Status.FAILED)

    def __str__(self) -> str:
        return f"Replay, {self.get_status_display()}"

    @property
    def is_finished(self) -> bool:
        return self.status in self.FINISHED

    @property
    def is_lost(self) -> bool:
        """Whether its worker must have died: it would have ended long ago."""
        begun = self.started_at or self.created_at
        return not self.is_finished and timezone.now() > begun + timedelta(seconds=2 * settings.TURN_TIMEOUT_SECONDS)
