"""Turns what the agent tells into what is kept and what the log says."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

from agents import events as agent
from agents.events import AgentEvent
from support_site.chat import endings, notices
from support_site.chat.actions import action_id_of
from support_site.chat.endings import Reply, Tally
from support_site.chat.leases import Lease
from support_site.chat.writing import Growing, LogWriter
from support_site.threads import in_thread


class Telling:
    """One attempt's way from agent events to messages, actions and log events."""

    def __init__(self, lease: Lease, writer: LogWriter) -> None:
        self.tally = Tally()
        self.proposed: list[str] = []
        self.is_handed_off = False
        self._lease = lease
        self._writer = writer
        self._decided: set[str] = set()
        self._cards: list[dict[str, Any]] = []
        #: Of earlier attempts: cards that no reply has taken with it, and replies that are kept and hold.
        self._left_over: list[dict[str, Any]] = []
        self._kept_before: set[UUID] = set()
        self._draft: tuple[Reply, Growing] | None = None
        #: A whole reply that is not kept yet: nearly always the last one, which is kept with the end of the turn.
        self.last_reply: Reply | None = None
        self._takers: dict[type[AgentEvent], Callable[[Any], Awaitable[None]]] = {
            agent.Recalled: self._recalled,
            agent.StoreDown: self._store_down,
            agent.MessageStarted: self._message_started,
            agent.MessageDelta: self._message_delta,
            agent.MessageDone: self._message_done,
            agent.ToolStarted: self._tool_started,
            agent.ToolDone: self._tool_done,
            agent.ActionProposed: self._action_proposed,
            agent.HandedOff: self._handed_off,
            agent.UsageReported: self._usage_reported,
        }

    def begin(self) -> None:
        """Tell that an attempt begins."""
        self._writer.put({"type": "turn.started", "attempt": self._lease.turn.attempt})

    def go_on(self, *, kept: list[UUID], void: list[UUID], cards: list[dict[str, Any]]) -> None:
        """Take back what earlier attempts showed in vain; their ``cards`` go with the next reply that is new,
        unless the agent tells them again."""
        self._left_over, self._kept_before = [*cards], {*kept} - {*void}
        if void:
            self._discard(void)

    def decided(self, decisions: Mapping[str, Mapping[str, Any]]) -> None:
        """Tell that a person has decided."""
        for action, told in decisions.items():
            status = "declined" if told["decision"] == "decline" else "confirmed"
            self._decided.add(action)
            self._writer.put({"type": "action.decided", "action": action, "status": status, "receipt": None})

    async def take(self, event: AgentEvent) -> None:
        """Keep and tell one event of the agent. Raises LeaseLost."""
        await self.keep_last_reply()
        await self._takers[type(event)](event)

    async def keep_last_reply(self) -> None:
        """Keep a whole reply now: the turn goes on behind it, or somebody else does."""
        if self.last_reply:
            await self._keep(self.last_reply)
            self.last_reply = None  # only now: whoever is stopped meanwhile keeps and tells it with the end

    async def cut_short(self) -> Reply | None:
        """Keep the message that is being written as stopped; None if there is none."""
        if self._draft is None or not self._draft[0].text:
            self.take_back()
            return None
        reply = self._whole()
        reply.stopped = True
        await self._keep(reply)
        return reply

    async def keep_cards(self) -> None:
        """Keep cards that no reply has taken with it (what a receipt says has happened) as a reply without text."""
        if self._cards or self._left_over:
            await self._message_done(agent.MessageDone(message=str(uuid4()), text=""))

    def take_back(self) -> None:
        """Void the message that is being written."""
        if self._draft:
            self._discard([self._draft[0].id])
            self._draft = None

    def _discard(self, messages: list[UUID]) -> None:
        told = [str(message) for message in messages]
        self._writer.put({"type": "turn.attempt", "attempt": self._lease.turn.attempt, "discard": told})

    async def _recalled(self, event: agent.Recalled) -> None:
        for name in ("memories", "orders", "products"):
            known = self.tally.recalled.setdefault(name, [])
            known += [each for each in getattr(event, name) if each not in known]

    async def _store_down(self, event: agent.StoreDown) -> None:
        await in_thread(notices.store_went_down)()

    async def _message_started(self, event: agent.MessageStarted) -> None:
        message = UUID(event.message)
        if self._draft:  # the reply broke off and begins anew
            self.take_back()
        self._draft = (Reply(id=message), Growing(message))
        self._writer.put({"type": "message.start", "message": str(message)})

    async def _message_delta(self, event: agent.MessageDelta) -> None:
        reply, growing = await self._draft_of(event.message)
        reply.text += event.text
        self.tally.first_word(since=self._lease.turn.created_at)
        growing.blocks.extend(event.text)
        self._writer.put(growing)

    async def _message_done(self, event: agent.MessageDone) -> None:
        reply, _ = await self._draft_of(event.message)
        reply.text = event.text
        self.tally.replaced_claims += event.replaced
        self.last_reply = self._whole()

    def _whole(self) -> Reply:
        """The message that was being written, which takes the cards with it."""
        assert self._draft
        (reply, _), self._draft = self._draft, None
        reply.cards, self._cards = self._cards, []
        if reply.id not in self._kept_before:
            reply.cards, self._left_over = [*self._left_over, *reply.cards], []
        return reply

    async def _keep(self, reply: Reply) -> None:
        self._writer.put(endings.message_event(await in_thread(endings.keep_reply)(self._lease, reply)))

    async def _tool_started(self, event: agent.ToolStarted) -> None:
        self._writer.put(event.as_dict())

    async def _tool_done(self, event: agent.ToolDone) -> None:
        if event.card:
            if event.card in self._left_over:
                self._left_over.remove(event.card)
            self._cards.append(event.card)
        self._writer.put(event.as_dict())
        action = action_id_of(self._lease.turn.pk, event.call)
        if action in self._decided:
            receipt = event.card if event.card and event.card.get("type") == "receipt" else None
            status = await in_thread(endings.keep_outcome)(self._lease, action, receipt)
            self._writer.put({"type": "action.decided", "action": action, "status": status, "receipt": receipt})

    async def _action_proposed(self, event: agent.ActionProposed) -> None:
        await in_thread(endings.keep_proposal)(self._lease, event)
        self.proposed.append(event.action)
        told = event.as_dict()
        del told["arguments"]
        self._writer.put(told)

    async def _handed_off(self, event: agent.HandedOff) -> None:
        self.is_handed_off = True
        self._writer.put({"type": "handed.off"})

    async def _usage_reported(self, event: agent.UsageReported) -> None:
        self.tally.input_tokens += event.input_tokens
        self.tally.output_tokens += event.output_tokens

    async def _draft_of(self, message: str) -> tuple[Reply, Growing]:
        """The message being written; begun now if the agent says it without having begun it."""
        if self._draft is None or self._draft[0].id != UUID(message):
            await self._message_started(agent.MessageStarted(message=message))
        assert self._draft
        return self._draft
