"""Frames from the browser: exactly as the protocol page says, or refused."""

import json
import re
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_site.chat.frames import FRAMES, BadFrame, Unreadable, read_frame

ID = str(uuid.uuid4())
GOOD = [
    {"type": "hello", "cursors": {}},
    {"type": "hello", "cursors": {ID: 3}},
    {"type": "message.send", "id": ID, "text": "Hi"},
    {"type": "message.send", "id": ID, "text": ""},
    {"type": "turn.stop", "turn": ID},
    {"type": "turn.retry", "turn": ID},
    {"type": "action.decide", "action": "t:c", "digest": "d", "decision": "confirm"},
    {"type": "ping", "t": 1.5},
]
BAD = [
    {},
    {"type": "unknown"},
    {"type": None},
    {"type": ["ping"], "t": 1},
    {"type": "ping"},
    {"type": "ping", "t": "1"},
    {"type": "ping", "t": True},
    {"type": "ping", "t": 10**400},
    {"type": "ping", "t": 1, "more": 1},
    {"type": "message.send", "id": "not a uuid", "text": "Hi"},
    {"type": "message.send", "id": 7, "text": "Hi"},
    {"type": "message.send", "id": ID, "text": None},
    {"type": "message.send", "id": ID, "text": ["Hi"]},
    {"type": "message.send", "id": ID, "text": "Hi", "account": ID},
    {"type": "hello", "cursors": None},
    {"type": "hello", "cursors": {"x": 1}},
    {"type": "hello", "cursors": {ID: -1}},
    {"type": "hello", "cursors": {ID: 1.5}},
    {"type": "hello", "cursors": {ID: True}},
    {"type": "hello", "cursors": {ID: 2**40}},
    {"type": "hello", "cursors": {str(uuid.uuid4()): 1 for _ in range(101)}},
    {"type": "action.decide", "action": "t:c", "digest": "d", "decision": "approve"},
    {"type": "action.decide", "action": "x" * 201, "digest": "d", "decision": "confirm"},
]


@pytest.mark.parametrize("frame", GOOD)
def test_a_frame_of_the_protocol_is_read(frame):
    assert read_frame(json.dumps(frame)).type == frame["type"]


@pytest.mark.parametrize("frame", BAD)
def test_a_frame_with_anything_else_in_it_is_bad(frame):
    with pytest.raises(BadFrame):
        read_frame(json.dumps(frame))


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "1", "null", '"ping"', '{"type": "ping", "t": NaN}', '{"type": "ping", "t": Infinity}',
     '{"type": "ping", "type": "ping", "t": 1}', "[" * 100_000, '{"a":' * 100_000],
)  # fmt: skip
def test_what_is_no_json_object_is_unreadable(text):
    with pytest.raises(Unreadable):
        read_frame(text)


def test_a_number_too_large_for_json_is_bad():
    with pytest.raises(BadFrame):
        read_frame('{"type": "ping", "t": 1e999}')


def test_a_bad_frame_names_what_it_was_about():
    with pytest.raises(BadFrame) as caught:
        read_frame(json.dumps({"type": "message.send", "id": ID}))
    assert caught.value.ref == ID


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.sampled_from(sorted(FRAMES)), st.data())
def test_fields_of_any_type_are_read_or_refused_and_nothing_else(kind, data):
    fields = {name: data.draw(json_values) for name in FRAMES[kind]}
    try:
        frame = read_frame(json.dumps({"type": kind, **fields}))
    except BadFrame:
        return
    assert frame.fields.keys() == FRAMES[kind].keys()


def test_the_protocol_page_has_every_frame_type():
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    section = page.partition("## From the browser")[2].partition("## From the site")[0]
    assert set(re.findall(r"^\| `([a-z.]+)`", section, re.MULTILINE)) == set(FRAMES)


def test_the_protocol_page_has_every_frame_type_of_the_site():
    root = Path(__file__).parents[2]
    page = (root / "docs" / "protocol.md").read_text()
    section = page.partition("Control frames:")[2].partition("Event frames")[0]
    said = "".join(
        (root / "support_site" / "chat" / f"{name}.py").read_text() for name in ("visits", "shapes", "tails")
    )
    types = set(re.findall(r'"type": "([a-z.]+)"', said))
    assert set(re.findall(r"^\| `([a-z.]+)`", section, re.MULTILINE)) | {"event"} == types
