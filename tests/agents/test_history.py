"""Pure functions on the messages of a thread."""

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from agents import prompts
from agents.history import calls_made, last_said, open_calls, outgrown, well_formed, window
from agents.testing import call


def human(text: str) -> HumanMessage:
    return HumanMessage(text, id=text)


def asks(*ids: str) -> AIMessage:
    return AIMessage("", id="-".join(ids), tool_calls=[call("search_help", id, query="x") for id in ids])


def result(id: str) -> ToolMessage:
    return ToolMessage(f"result {id}", tool_call_id=id)


def shape(messages) -> list[str]:
    return [getattr(message, "tool_call_id", "") or message.type for message in messages]


def test_the_latest_words_are_those_since_the_agent_last_spoke():
    messages = [human("one"), AIMessage("two"), human("three"), human("four")]
    assert last_said(messages) == ["three", "four"]
    assert last_said([*messages, asks("a"), result("a")]) == ["three", "four"]
    assert last_said([]) == []


def test_calls_are_counted_since_the_customer_last_spoke():
    assert calls_made([human("a"), asks("1", "2"), result("1"), result("2"), asks("3")]) == 3
    assert calls_made([human("a"), asks("1"), result("1"), AIMessage("done"), human("b")]) == 0


def test_an_unanswered_call_is_closed_right_behind_its_message():
    closed = well_formed([human("a"), asks("1", "2"), result("2"), human("b")])
    assert shape(closed) == ["human", "ai", "1", "2", "human"]
    assert closed[2].text == prompts.CUT_SHORT
    assert open_calls(closed) == []


def test_results_that_came_late_or_belong_to_nothing_are_put_right():
    assert shape(well_formed([human("a"), asks("1"), human("b"), result("1")])) == ["human", "ai", "1", "human"]
    assert shape(well_formed([result("gone"), human("a")])) == ["human"]


def test_a_window_never_cuts_a_group_of_tool_calls():
    turns = []
    for number in range(30):
        turns += [
            human(f"question {number} " + "long " * 40),
            asks(f"{number}"),
            result(f"{number}"),
            AIMessage("answer"),
        ]
    seen = window([*turns, human("now")], tokens=600)
    assert 1 < len(seen) < len(turns)
    assert seen[0].type == "human"
    assert seen[-1].text == "now"
    assert open_calls(seen) == []
    assert shape(well_formed(seen)) == shape(seen)


def test_the_turn_that_runs_is_whole_however_long_it_is():
    turn = [human("now"), asks("1"), ToolMessage("long " * 5000, tool_call_id="1")]
    assert window([human("before"), AIMessage("answer"), *turn], tokens=100) == turn


def test_an_outgrown_thread_lets_go_of_whole_turns_from_the_front():
    turns = [message for n in range(10) for message in (human(f"q{n}"), AIMessage("a", id=f"a{n}"))]
    removed = [message.id for message in outgrown(turns, kept=7)]
    assert removed == [message.id for message in turns[:14]]
    assert outgrown(turns, kept=20) == []
    assert outgrown([human("q"), *(AIMessage("a", id=f"a{n}") for n in range(10))], kept=5) == []
