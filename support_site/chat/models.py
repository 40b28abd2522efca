"""Conversations, messages, turns, and the actions that wait for a click."""

import uuid

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from support_site.accounts.models import Account, User


class Conversation(models.Model):
    """A thread of messages; its id **is** LangGraph's ``thread_id``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="conversations")
    #: The first words of the first message; empty until then.
    title = models.CharField(max_length=120, blank=True)
    #: A person is wanted or answers: the agent keeps silent until handed back.
    needs_person = models.BooleanField(default=False, db_index=True)
    #: Who of the staff took the conversation over; nobody yet where the agent gave it away.
    taken_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    #: The customer wants nothing of it remembered.
    leaves_no_memory = models.BooleanField(default=False)
    #: Position up to which was learned what people said without the agent.
    learned_until = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ("-updated_at",)
        indexes = (models.Index(fields=("created_at",), name="conversation_by_day"),)

    def __str__(self) -> str:
        return self.title or "New conversation"

    @property
    def is_off_record(self) -> bool:
        """Whether what is said now is never learned from."""
        return self.leaves_no_memory or self.account.memory_paused


class Turn(models.Model):
    """One customer message (with its queued neighbours) and all that answers it."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        WAITING = "waiting", "waiting for a decision"
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED, db_index=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, db_index=True)
    stop_requested = models.BooleanField(default=False)
    #: Tried again after a stop: the thread holds a cut answer, which the next attempt replaces.
    answer_anew = models.BooleanField(default=False)
    #: Number of the newest event when the turn last paused or ended; in between the turn log knows better.
    last_seq = models.PositiveIntegerField(default=0)
    #: Machine-readable reason of a failed turn ("model_timeout"), never text of a message.
    error_code = models.CharField(max_length=40, blank=True)
    #: When the provider of the model that failed it is ready again, if it said so.
    try_again_at = models.DateTimeField(null=True, blank=True)
    #: What answered: the model's name as shown to the customer.
    model = models.CharField(max_length=100, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    #: Kinds of claims that nothing supported and that were replaced before the reply was final: ["amount", ...].
    replaced_claims = models.JSONField(default=list, blank=True)
    #: Milliseconds from the customer's message to the first word of the reply; None if no word came.
    first_word_ms = models.PositiveIntegerField(null=True, blank=True)
    #: The agent gave the conversation to a person in this turn.
    handed_off = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    #: When learn(turn) has finished; it runs at most once to the end.
    learned_at = models.DateTimeField(null=True, blank=True)
    #: Not to be tried before, because each try may cost a call of the model.
    learn_again_at = models.DateTimeField(null=True, blank=True)

    ACTIVE = (Status.RUNNING, Status.WAITING)
    FINISHED = (Status.DONE, Status.STOPPED, Status.FAILED)

    class Meta:
        ordering = ("created_at",)
        indexes = (models.Index(fields=("created_at", "first_word_ms"), name="turn_by_day"),)
        constraints = (
            models.UniqueConstraint(
                fields=("conversation",),
                condition=models.Q(status__in=("running", "waiting")),
                name="one_active_turn_per_conversation",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_status_display()} turn"


class Recalled(models.Model):
    """A record that was in a prompt of the turn; by id in the order in which they were put there."""

    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="recollections")
    #: As in the ledger: "memories", "orders".
    kind = models.CharField(max_length=20)
    #: ``memory.Record.address``; no foreign key, because lineage outlives what is forgotten.
    address = models.CharField(max_length=64, db_index=True)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("turn", "address"), name="recalled_once_a_turn"),)
        verbose_name, verbose_name_plural = "note used in an answer", "notes used in answers"

    def __str__(self) -> str:
        return f"one of the {self.kind}"


class Message(models.Model):
    """What was said, kept. ``position`` is the order in which it was kept, without trusting clocks."""

    class Role(models.TextChoices):
        CUSTOMER = "customer"
        AGENT = "agent"
        STAFF = "staff"
        SYSTEM = "system", "the site"

    class Rating(models.TextChoices):
        UP = "up"
        DOWN = "down"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    turn = models.ForeignKey(Turn, on_delete=models.SET_NULL, related_name="messages", null=True, blank=True)
    position = models.PositiveIntegerField()
    role = models.CharField(max_length=10, choices=Role)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.TextField()
    #: ``text`` rendered and sanitised on the server, block by block (see rendering.py).
    html = models.TextField(blank=True)
    #: Cards shown with the message (receipts, noted memories), as the events carried them.
    cards = models.JSONField(default=list, blank=True, encoder=DjangoJSONEncoder)
    #: The browser's id for a customer message: the same id is the same message.
    client_id = models.UUIDField(null=True, blank=True)
    #: Said while nothing was to be remembered, so nothing is ever learned from it.
    off_record = models.BooleanField(default=False)
    #: The customer stopped the agent here.
    stopped = models.BooleanField(default=False)
    #: What the customer thinks of a reply of the agent, and why; see ratings.py.
    rating = models.CharField(max_length=4, choices=Rating, blank=True)
    rating_reason = models.CharField(max_length=300, blank=True)
    rated_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("conversation_id", "position")
        indexes = (
            models.Index(fields=("rated_at",), condition=models.Q(rated_at__isnull=False), name="message_rated"),
        )
        constraints = (
            models.UniqueConstraint(fields=("conversation", "position"), name="message_position_unique"),
            models.UniqueConstraint(fields=("conversation", "client_id"), name="message_client_id_unique"),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()}, message {self.position}"


class TurnEvent(models.Model):
    """One event of a turn in the embedded turn log."""

    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    event = models.JSONField(encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("turn", "seq")
        constraints = (models.UniqueConstraint(fields=("turn", "seq"), name="turn_event_seq_unique"),)

    def __str__(self) -> str:
        return f"event {self.seq}"


class Action(models.Model):
    """A write the agent proposes; ``id`` is "<turn id>:<tool call id>", ``preview`` comes from the rules."""

    class Status(models.TextChoices):
        PROPOSED = "proposed"
        CONFIRMED = "confirmed"
        DECLINED = "declined"
        #: The customer wrote something else, or the records changed and it was proposed anew.
        WITHDRAWN = "withdrawn"
        APPLIED = "applied"
        REFUSED = "refused"

    id = models.CharField(primary_key=True, max_length=200)
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="actions")
    tool = models.CharField(max_length=100)
    arguments = models.JSONField(default=dict)
    preview = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    approver = models.CharField(max_length=10, choices=[("customer", "customer"), ("staff", "staff")])
    status = models.CharField(max_length=10, choices=Status, default=Status.PROPOSED, db_index=True)
    receipt = models.JSONField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    #: When the customer agreed to what staff decide about now.
    confirmed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    #: When the tool that was waiting for the decision has ended, whatever came of it.
    carried_out_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    #: What waits for a decision of staff, as arguments of ``filter``.
    WAITING_FOR_STAFF = {"status": Status.PROPOSED, "approver": "staff"}  # noqa: RUF012  constant of a model

    class Meta:
        ordering = ("-created_at",)
        permissions = (("decide_action", "Can approve or decline actions that wait for staff"),)

    def __str__(self) -> str:
        return f"{self.preview.get('title') or self.tool} ({self.get_status_display()})"

    @property
    def waits_for_staff(self) -> bool:
        return self.status == self.Status.PROPOSED and self.approver == "staff"


class Spending(models.Model):
    """What one account, or whoever is behind one address, used of the model on one day (UTC)."""

    day = models.DateField()
    #: None where the row is an address's.
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="spending", null=True, blank=True)
    #: Never an address itself: its keyed hash, another one each day (see addresses.py).
    address = models.CharField(max_length=64, blank=True)
    tokens = models.PositiveBigIntegerField(default=0)
    money = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    class Meta:
        verbose_name_plural = "spending"
        constraints = (
            models.UniqueConstraint(fields=("day", "account"), name="spending_of_account_unique"),
            models.UniqueConstraint(
                fields=("day", "address"), condition=models.Q(account=None), name="spending_of_address_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.tokens} tokens on {self.day}"


class Reservation(models.Model):
    """What a turn may still use up; it counts while the turn is queued or runs, and is 0 once its use is booked."""

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, primary_key=True, related_name="reservation")
    address = models.CharField(max_length=64, blank=True, db_index=True)
    tokens = models.PositiveIntegerField(default=0)
    money = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    def __str__(self) -> str:
        return f"{self.tokens} tokens reserved"


class AgentSwitch(models.Model):
    """One flip of the switch that turns the agent off and on for the whole site. The newest row is how it stands."""

    is_on = models.BooleanField("the agent", choices=[(False, "is off: people answer alone"), (True, "is on")])
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = "switch of the agent"
        verbose_name_plural = "Agent: on and off"

    def __str__(self) -> str:
        return f"The agent {self.get_is_on_display()}"
