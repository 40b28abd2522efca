"""One table of sentences, each said to a fresh shop."""

import pytest

from tests.offline.conftest import Conversation
from tests.offline.table import CALLS, REPLIES, TALK


def test_the_table_is_as_long_as_promised() -> None:
    assert len({said for said, *_ in [*TALK, *CALLS, *REPLIES]}) >= 150


@pytest.mark.parametrize(("said", "words"), TALK)
def test_is_answered_without_a_tool(chat: Conversation, said: str, words: str) -> None:
    answer = chat.say(said)
    assert answer.tools == []
    assert words in answer.reply


@pytest.mark.parametrize(("said", "tools", "arguments"), CALLS)
def test_is_answered_with_these_tools(
    chat: Conversation, said: str, tools: list[str], arguments: dict[str, object]
) -> None:
    answer = chat.say(said)
    assert answer.tools == tools
    given = {name: value for _, each in answer.calls for name, value in each.items()}
    assert given | arguments == given
    assert answer.reply.strip()


@pytest.mark.parametrize(("said", "words"), REPLIES)
def test_is_answered_with_these_words(chat: Conversation, said: str, words: str) -> None:
    assert words in chat.say(said).reply
