"""Remembering, correcting and forgetting."""

from collections.abc import Mapping, Sequence
from typing import Any

from agents.memory import MemoryDraft
from agents.offline import replies, telling
from agents.offline.extraction import may_be_kept, requested
from agents.offline.language import pattern, sentences, stems, vocabulary
from agents.offline.requests import Request
from agents.offline.steps import Steps, say
from agents.offline.transcript import Call, Transcript

Note = Mapping[str, Any]

_NOT_TELLING = vocabulary(
    "a about all also an and any are as at be can could customer customer's delete did do everything "
    "erase for forget "
    "from have i i'm i've in is it know like me memory mention mentioned my note noted of old on please prefer "
    "previous previously remember remove said say still tell that the their they they're this to "
    "told want was what when "
    "where who will with you your best contact contacted how"
)
_EVERYTHING = pattern(r"\b(?:everything|all|anything|(?:know|remember|noted?) about me)\b")
#: Notes written or forgotten in one turn.
_MOST = 5


def remember(request: Request) -> Steps[str]:
    """Note what was asked, or correct the note it contradicts."""
    told: list[str] = []
    for sentence in sentences(request.text)[:_MOST]:
        if draft := requested(sentence):
            told += [(yield from _noted(sentence, draft, request.transcript))]
    return "\n\n".join(dict.fromkeys(told)) or replies.WHAT_TO_REMEMBER


def my_name(request: Request) -> Steps[str]:
    if request.transcript.file is None:
        return replies.STORE_DOWN
    if told := request.transcript.told_name:
        return replies.your_name(told)
    on_file = request.transcript.profile_name
    return replies.name_on_file(on_file) if on_file else replies.NO_NAME
    yield from ()


def known_about_me(request: Request) -> Steps[str]:
    found: Sequence[Note] = request.transcript.memories
    if not found and "search_memories" in request.transcript.tools:
        found = yield from _search("everything about the customer")
    return telling.known(request.transcript.profile_name, found)


def told_before(request: Request) -> Steps[str]:
    words = _telling(request.text)
    found = yield from _search(request.text)
    fitting = [note for note in found if words & _telling(str(note["text"]))] if words else found
    return telling.known(None, fitting) if fitting else replies.NOTHING_LIKE_IT


def forget(request: Request) -> Steps[str]:
    """Forget the one note that is meant; several are asked about."""
    words = _telling(request.text)
    if not words and not _EVERYTHING.search(request.text):
        return replies.WHAT_TO_FORGET
    found = yield from _search(request.text)
    fitting = _best_fitting(words, found) if words else list(found)
    if not fitting:
        return replies.NOTHING_LIKE_IT
    if len(fitting) > 1 and words:
        return replies.which_memory(fitting)
    results = []
    for note in fitting[:_MOST]:
        result = yield Call("forget_memory", {"key": note["key"]})
        results.append(replies.noted(result.text))
    return "\n\n".join(results)


def _noted(sentence: str, draft: MemoryDraft, transcript: Transcript) -> Steps[str]:
    if not may_be_kept(sentence):
        return replies.NOT_MINE_TO_KEEP
    result = yield _note(draft, transcript)
    return replies.noted(result.text)


def _note(draft: MemoryDraft, transcript: Transcript) -> Call:
    """A name is the one thing that is corrected by its key; what else contradicts is superseded by its ``about``.

    Once made, the call stays the same, though the customer file already shows its effect.
    """
    for made, _ in transcript.now.calls:
        if made.arguments.get("text") == draft.text:
            return made
    known = next((note for note in transcript.memories if draft.kind == "name" and note["kind"] == "name"), None)
    if known and known["text"] != draft.text:
        return Call("update_memory", {"key": known["key"], "text": draft.text})
    about = {"about": draft.about} if draft.about and draft.kind != "name" else {}
    return Call("save_memory", {"text": draft.text, "kind": draft.kind, **about})


def _search(query: str) -> Steps[Sequence[Note]]:
    result = yield Call("search_memories", {"query": " ".join(query.split())})
    if not result.ok:
        say(result.text)
    return result.value or []


def _telling(text: str) -> set[str]:
    return {word for word in stems(text) if word not in _NOT_TELLING}


def _best_fitting(words: set[str], notes: Sequence[Note]) -> list[Note]:
    scores = [len(words & _telling(str(note["text"]))) + (note["kind"] in words) for note in notes]
    best = max(scores, default=0)
    return [note for note, score in zip(notes, scores, strict=True) if score == best > 0]


SKILLS = {
    "remember": remember,
    "forget": forget,
    "my_name": my_name,
    "known_about_me": known_about_me,
    "told_before": told_before,
}
