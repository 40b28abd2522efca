"""An agent that follows a script: the interface of SupportAgent, and no model."""

import asyncio
import threading
import uuid

from agents.events import (
    ActionProposed,
    MessageDelta,
    MessageDone,
    MessageStarted,
    ToolDone,
    ToolStarted,
    UsageReported,
)

#: A step of a script at which the agent waits until the test lets it go.
HOLD = object()


class ScriptedAgent:
    """One list of steps for each run: events to tell, errors to raise, seconds to sleep, HOLD."""

    model_name = "scripted"

    def __init__(self, *runs, known=()):
        self.runs = list(runs)
        self.inputs, self.contexts, self.partials, self.pruned = [], [], [], []
        self.known = set(known)
        self.is_cancelled = False
        self._held, self._let_go = threading.Event(), threading.Event()

    @classmethod
    def held(cls, words="Let me look"):
        """An agent that begins a message and then waits."""
        return cls([*says(words, done=False), HOLD, *says("Done.")])

    def wait_until_held(self, seconds=10):
        return self._held.wait(seconds)

    def let_go(self):
        self._let_go.set()

    async def astream(self, turn_input, *, thread_id, context):
        self.inputs.append(turn_input)
        self.contexts.append(context)
        try:
            for step in self.runs.pop(0):
                async for event in self._take(step):
                    yield event
        except (asyncio.CancelledError, GeneratorExit):
            self.is_cancelled = True
            raise

    async def _take(self, step):
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float):
            await asyncio.sleep(step)
        elif step is HOLD:
            self._held.set()
            await asyncio.to_thread(self._let_go.wait, 20)
        else:
            if isinstance(step, MessageDone):
                self.known.add(step.message)
            yield step

    async def message_ids(self, thread_id):
        return set(self.known)

    async def keep_partial(self, thread_id, message_id, text):
        self.partials.append((thread_id, message_id, text))

    async def prune(self, thread_id):
        self.pruned.append(thread_id)
        return True

    def drain(self):
        self.is_draining = True


def says(text, *, message=None, done=True):
    """A message, word by word; with usage, as models report it."""
    message = message or str(uuid.uuid4())
    words = [word + " " for word in text.split(" ")]
    events = [MessageStarted(message=message), *(MessageDelta(message=message, text=word) for word in words)]
    if done:
        events += [MessageDone(message=message, text=text), UsageReported(input_tokens=10, output_tokens=len(words))]
    return events


def proposes(turn, call="call_1", *, digest="d1", approver="customer"):
    """A tool call that waits for a decision."""
    preview = {"title": "Cancel order #W1", "lines": [], "amount": "12.00", "note": ""}
    return [
        ToolStarted(call=call, tool="cancel_order", label="Preparing the cancellation"),
        ActionProposed(
            action=f"{turn.pk}:{call}",
            tool="cancel_order",
            arguments={"order_id": "#W1"},
            preview=preview,
            digest=digest,
            approver=approver,
        ),
    ]


RECEIPT = {"type": "receipt", "title": "Order #W1 cancelled", "lines": [], "amount": "12.00", "note": ""}


def carries_out(call="call_1", *, card=RECEIPT, ok=True):
    """The tool call that waited, ended."""
    return [
        ToolStarted(call=call, tool="cancel_order", label="Preparing the cancellation"),
        ToolDone(call=call, tool="cancel_order", ok=ok, card=card),
    ]
