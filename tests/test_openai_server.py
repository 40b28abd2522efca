"""The test server keeps OpenAI's protocol: what it says is what a real server says, on the wire."""

import base64
import json
import struct

import httpx
import pytest

from tests.openai_server import OpenAIServer, Reply, Trouble, calls, fails, says, vector

QUESTION = {"model": "test-model", "messages": [{"role": "user", "content": "Where is my order?"}]}
STREAMED = QUESTION | {"stream": True, "stream_options": {"include_usage": True}}


@pytest.fixture
def server():
    with OpenAIServer() as server:
        yield server


def ask(server, body=QUESTION, **headers):
    return httpx.post(f"{server.url}/chat/completions", json=body, headers=headers, timeout=5)


def events(response):
    assert response.headers["content-type"] == "text/event-stream"
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_an_answer_has_text_finish_reason_and_usage(server):
    server.will(says("It is on its way."))
    answer = ask(server).json()
    assert answer["choices"][0]["message"]["content"] == "It is on its way."
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"] == {"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9}


def test_a_stream_gives_role_words_finish_and_usage_in_order(server):
    server.will(says("It is  on its way.\n"))
    chunks = events(ask(server, STREAMED))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(delta.get("content", "") for delta in deltas) == "It is  on its way.\n"
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 6


def test_usage_is_streamed_only_when_asked_for(server):
    assert all("usage" not in chunk for chunk in events(ask(server, QUESTION | {"stream": True})))


def test_parallel_calls_stream_as_fragments_that_join_to_their_arguments(server):
    wanted = ({"order_id": "#W2611340"}, {"query": "refund policy"})
    server.will(calls(("get_order", wanted[0]), ("search_help", wanted[1])))
    parts = [
        part
        for chunk in events(ask(server, STREAMED))
        for choice in chunk["choices"]
        for part in choice["delta"].get("tool_calls", [])
    ]
    joined = ["".join(part["function"]["arguments"] for part in parts if part["index"] == i) for i in (0, 1)]
    assert [json.loads(text) for text in joined] == list(wanted)
    assert len(parts) > 4
    assert [part["function"]["name"] for part in parts if "id" in part] == ["get_order", "search_help"]
    assert len({part["id"] for part in parts if "id" in part}) == 2


def test_replies_come_in_the_order_of_the_script_and_then_from_the_function(server):
    server.answers(lambda exchange: says(f"You said: {exchange.body['messages'][-1]['content']}"))
    server.will(says("one"), says("two"))
    said = [ask(server).json()["choices"][0]["message"]["content"] for _ in range(3)]
    assert said == ["one", "two", "You said: Where is my order?"]


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_a_failure_has_its_status_headers_and_error_body(server, status):
    server.will(fails(status, "No.", code="some_code", headers={"retry-after": "7"}))
    answer = ask(server)
    assert answer.status_code == status
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["error"] == {"message": "No.", "type": "test_error", "param": None, "code": "some_code"}


def test_a_cut_stream_breaks_off_after_the_chunks_it_was_told(server):
    server.will(says("one two three four", trouble=Trouble(kind="cut", after=3)))
    received: list[bytes] = []
    stream = httpx.stream("POST", f"{server.url}/chat/completions", json=STREAMED)
    with stream as response, pytest.raises(httpx.RemoteProtocolError):
        received.extend(response.iter_raw())
    assert b"".join(received).count(b"data: ") == 3
    assert server.exchanges[0].outcome == "broken"


def test_a_polite_end_has_no_finish(server):
    server.will(says("one two three", trouble=Trouble(kind="end", after=2)))
    answer = ask(server, STREAMED)
    assert answer.text.count("data: ") == 2
    assert "[DONE]" not in answer.text


def test_a_whole_answer_can_be_cut_too(server):
    server.will(says("one two", trouble=Trouble(kind="cut")))
    with pytest.raises(httpx.RemoteProtocolError):
        ask(server)


def test_a_client_that_leaves_is_noticed_and_counted(server):
    server.will(says("one two three", trouble=Trouble(kind="stall", after=2)))
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{server.url}/chat/completions", json=STREAMED, timeout=0.2)
    server.wait_until(lambda: server.disconnects == 1)
    assert server.exchanges[0].sent == 2


def test_the_first_byte_and_the_chunks_come_as_slowly_as_told(server):
    server.will(says("one two", before=0.15, between=0.05))
    answer = ask(server, STREAMED)
    # role, two words, finish, usage: four pauses between five chunks
    assert answer.elapsed.total_seconds() >= 0.15 + 4 * 0.05


def test_a_refusal_has_its_own_field_and_a_filter_its_own_finish_reason(server):
    server.will(Reply(refusal="I cannot do that."), Reply(finish="content_filter"))
    assert ask(server).json()["choices"][0]["message"]["refusal"] == "I cannot do that."
    assert ask(server).json()["choices"][0]["finish_reason"] == "content_filter"


def test_an_unscripted_structured_answer_keeps_to_the_schema(server):
    schema = {
        "type": "object",
        "properties": {"name": {"$ref": "#/$defs/name"}, "age": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
        "$defs": {"name": {"enum": ["Bob", "Eve"]}},
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}}
    answer = ask(server, QUESTION | {"response_format": wanted}).json()
    assert json.loads(answer["choices"][0]["message"]["content"]) == {"name": "Bob", "age": 0}


def test_a_wrong_key_is_refused():
    with OpenAIServer(api_key="right") as server:
        assert ask(server, authorization="Bearer wrong").status_code == 401
        assert ask(server, authorization="Bearer right").status_code == 200


def test_embeddings_are_the_same_vector_as_floats_and_as_base64(server):
    def embed(**more):
        body = {"model": "test-embedding", "input": ["my blue mug", "delivery"]} | more
        return [row["embedding"] for row in httpx.post(f"{server.url}/embeddings", json=body).json()["data"]]

    floats, packed = embed(), embed(encoding_format="base64")
    assert floats[0] == vector("my blue mug")
    for plain, coded in zip(floats, packed, strict=True):
        assert struct.unpack(f"<{len(plain)}f", base64.b64decode(coded)) == pytest.approx(plain)
    assert len(embed(dimensions=16)[0]) == 16


def test_the_models_are_listed_and_unknown_paths_are_not_found(server):
    assert [m["id"] for m in httpx.get(f"{server.url}/models").json()["data"]] == ["test-model"]
    assert httpx.get(f"{server.url}/nothing").status_code == 404


def test_a_request_that_is_not_json_or_lacks_its_messages_is_refused(server):
    assert httpx.post(f"{server.url}/chat/completions", content=b"{").status_code == 400
    assert httpx.post(f"{server.url}/chat/completions", json={"model": "test-model"}).status_code == 400
