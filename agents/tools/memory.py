"""Remembering, correcting and forgetting, when the customer asks for it.

A memory must rest on the customer's own words of this conversation, so that neither a tool result nor the model's
imagination can write one. The account is the run's; a key of another account is a key that does not exist.
"""

import json
from typing import Any, Literal

from langchain_core.tools import BaseTool, tool

from agents import screening
from agents.context import RunContext
from agents.history import everything_said
from agents.memory import Memory, MemoryDraft, NotKept, Source, forget, passing, recall, remember, revise
from agents.store.errors import RecordErased
from agents.tools.answers import Run, store_of

Told = tuple[str, dict[str, Any]]

PAUSED = "The customer has paused memory, so nothing was noted, changed or looked up."
OFF_RECORD = "Nothing was noted: the customer wants this conversation to leave no memory."
UNSAID = "Nothing was noted: the customer did not say this. Use the customer's own words from this conversation."
TAKEN_BACK = "Nothing was noted: the customer has just taken this very note back."
UNKNOWN = "There is no memory with that key. search_memories gives the keys."
CONTRADICTS = (
    "This waits for our team and is not used until then, because they noted something else. Tell the customer so, and "
    'that what they correct themselves on the page "What we remember" counts at once.'
)
FOR_REVIEW = "This was not noted: it is for staff to look at first. Tell the customer that you could not note it."


@tool(response_format="content_and_artifact")
async def save_memory(
    text: str,
    runtime: Run,
    kind: Literal["name", "preference", "fact", "situation"] = "fact",
    about: str = "",
) -> Told:
    """Note something the customer asked to be remembered or said about themselves, for later conversations.

    Args:
        text: One short sentence in the third person, using the customer's own words: "The customer's name is Bob."
        kind: "name", "preference", "fact" or "situation".
        about: What it answers, if only one answer can be true at a time ("contact channel", "shoe size"); else empty.
    """
    if refused := _may_not_write(text, runtime):
        return refused, {}
    draft = passing(MemoryDraft(text=text, kind=kind, about=about), days=runtime.context.situation_days)
    try:
        memory = await remember(store_of(runtime), runtime.context.account_id, draft, _source(runtime.context))
    except NotKept as reason:
        return f"Not noted. {reason}", {}
    except RecordErased:
        return TAKEN_BACK, {}
    return _noted("Noted", memory)


@tool(response_format="content_and_artifact")
async def update_memory(key: str, text: str, runtime: Run) -> Told:
    """Correct what is remembered: the new sentence takes the place of the memory with this key.

    Args:
        key: Key of the memory, from the customer file or search_memories.
        text: The sentence that is true now, using the customer's own words.
    """
    if refused := _may_not_write(text, runtime):
        return refused, {}
    try:
        memory = await revise(store_of(runtime), runtime.context.account_id, key, text, _source(runtime.context))
    except NotKept as reason:
        return f"Not changed. {reason}", {}
    except RecordErased:
        return TAKEN_BACK, {}
    return _noted("Changed", memory) if memory else (UNKNOWN, {})


@tool(response_format="content_and_artifact")
async def forget_memory(key: str, runtime: Run) -> Told:
    """Forget one memory for good because the customer asks for it.

    Args:
        key: Key of the memory, from the customer file or search_memories.
    """
    gone = await forget(store_of(runtime), runtime.context.account_id, key)
    if not gone:
        return UNKNOWN, {}
    what_it_was = {"kind": gone[0].kind, "about": gone[0].about, "order_id": gone[0].order_id}
    return f"Forgotten: {gone[0].text}", {"card": _card("I forgot", gone[0]) | {"forgot": what_it_was}}


@tool(response_format="content_and_artifact")
async def search_memories(query: str, runtime: Run) -> Told:
    """Search what is remembered about this customer from earlier conversations; gives keys, texts and dates.

    Args:
        query: What to look for, in a few words.
    """
    if runtime.context.memory_paused:
        return PAUSED, {}
    found = await recall(store_of(runtime), runtime.context.account_id, query, limit=10)
    shown = [
        {"key": m.key, "kind": m.kind, "text": m.text, "since": m.valid_from[:10], "trust": m.trust} for m in found
    ]
    told = json.dumps(shown, ensure_ascii=False) if shown else "Nothing is remembered about this customer."
    return told, {"memories": [memory.key for memory in found]}


def _source(context: RunContext) -> Source:
    return Source(conversation=context.conversation_id, turn=context.turn_id, message=context.message_id)


def _may_not_write(text: str, runtime: Run) -> str | None:
    if runtime.context.memory_paused:
        return PAUSED
    if runtime.context.leaves_no_memory:
        return OFF_RECORD
    if screening.refusal(text):
        return None  # for remember() to refuse, with the reason
    return None if screening.rests_on(text, everything_said(runtime.state["messages"])) else UNSAID


def _noted(verb: str, memory: Memory) -> Told:
    if memory.status != "active":
        return CONTRADICTS if memory.contradicts else FOR_REVIEW, {}
    return f"{verb}: {memory.text}", {"card": _card("I noted", memory)}


def _card(title: str, memory: Memory) -> dict[str, Any]:
    """A card of the protocol's shape; ``memory`` is the key, for the page's keep, change and undo."""
    lines = [{"label": "", "value": memory.text}]
    return {"type": "memory", "memory": memory.key, "title": title, "lines": lines, "amount": None, "note": ""}


TOOLS: tuple[BaseTool, ...] = (save_memory, search_memories, update_memory, forget_memory)
LABELS = {
    "save_memory": "Making a note",
    "search_memories": "Looking through my notes",
    "update_memory": "Correcting a note",
    "forget_memory": "Forgetting a note",
}
