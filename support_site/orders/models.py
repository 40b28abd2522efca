"""How the shop's own system and this site keep in step, and orders as staff see them."""

import json
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from support_site.accounts.models import Account
from support_site.memory.models import Record, RecordQuerySet


class ShopToken(models.Model):
    """What the shop's system shows to be let in. Only its digest is kept, so it can be shown once and never again."""

    #: Which system it is for; stands beside every change that came in with it.
    name = models.CharField(max_length=100, unique=True)
    #: sha256 of the token, which is random and long enough to need no slower hash.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    is_active = models.BooleanField(default=True, help_text="Switched off, it lets nobody in.")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ShopUpdate(models.Model):
    """The newest word of the shop's system about one thing: anything older is ignored."""

    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        ORDER = "order"
        PRODUCT = "product"

    kind = models.CharField(max_length=10, choices=Kind)
    #: The shop's own id of it.
    shop_id = models.CharField(max_length=500)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    #: When it was so, by the shop's clock; None until an update was taken.
    updated_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("kind", "shop_id"), name="shop_update_unique"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.shop_id}"


class WebhookDelivery(models.Model):
    """One applied action that the shop's system has to be told of, once at least."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        DEAD = "dead", "given up"

    #: The receiver tells repetitions by it.
    action_id = models.CharField(max_length=200, unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    order_id = models.CharField(max_length=30, blank=True, db_index=True)
    tool = models.CharField(max_length=100)
    #: JSON, as it was when the action was applied.
    body = models.TextField()
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    #: When it is due; whoever sends it moves this on first, so that nobody else sends it meanwhile.
    next_at = models.DateTimeField(default=timezone.now)
    #: What was wrong with the last attempt.
    last_error = models.CharField(max_length=200, blank=True)
    #: When it was put in line, or put there again by staff.
    queued_at = models.DateTimeField(default=timezone.now)
    #: When the attempt began that the receiver took: from then on the shop knows of the action.
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name_plural = "webhook deliveries"
        indexes = (
            models.Index(fields=("next_at",), condition=models.Q(status="waiting"), name="webhook_due"),
            models.Index(fields=("status", "-created_at"), name="webhook_newest"),
        )

    def __str__(self) -> str:
        return f"{self.tool} {self.order_id}".rstrip()

    @property
    def told(self) -> dict[str, Any]:
        """The body, read."""
        told: dict[str, Any] = json.loads(self.body)
        return told


class _Orders(models.Manager["Order"]):
    def get_queryset(self) -> Any:
        return RecordQuerySet(self.model, using=self._db).live().filter(kind="orders")


class Order(Record):
    """The records that are orders, for staff. Read here, written through the store like every record."""

    objects: ClassVar[_Orders] = _Orders()  # type: ignore[assignment]

    class Meta:
        proxy = True
        ordering = ("-updated_at", "-id")

    def __str__(self) -> str:
        return f"Order {self.key}"
