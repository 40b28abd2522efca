"""The processes of a service: what a deploy does to them, and what the web process does without."""

import json
import signal
import subprocess
import sys
import time

import pytest
from websockets.exceptions import ConnectionClosed

from tests.faults.browser import Browser
from tests.faults.service import ROOT, Process

pytestmark = [pytest.mark.fault, pytest.mark.service, pytest.mark.xdist_group("service")]

#: A web process that answers a page and a socket, and then says which modules it has.
WEB = """
import asyncio, json, sys
import support_site.asgi, support_site.urls
from asgiref.testing import ApplicationCommunicator
from django.test import AsyncClient

session, conversation = sys.argv[1:]

async def main():
    client = AsyncClient()
    client.cookies["sessionid"] = session
    page = await client.get(f"/conversations/{conversation}/", follow=True)
    headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1"), (b"cookie", b"sessionid=" + session.encode())]
    path = f"/ws/conversations/{conversation}/"
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
    socket = ApplicationCommunicator(support_site.asgi.application, scope)
    await socket.send_input({"type": "websocket.connect"})
    await socket.receive_output(10)
    await socket.send_input({"type": "websocket.receive", "text": json.dumps({"type": "hello", "cursors": {}})})
    ready = json.loads((await socket.receive_output(10))["text"])
    await socket.send_input({"type": "websocket.disconnect", "code": 1001})
    await socket.wait(10)
    print(json.dumps([page.status_code, ready["type"], sorted({name.partition(".")[0] for name in sys.modules})]))

asyncio.run(main())
"""


def test_the_web_process_answers_pages_and_sockets_without_langchain_or_chroma(service):
    who = service.people["deploy"]
    command = [sys.executable, "-c", WEB, who["session"], who["conversations"][1]]
    environment = service.environment | {"PYTHONPATH": str(ROOT), "ALLOWED_HOSTS": "127.0.0.1,testserver"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    status, first_frame, modules = json.loads(done.stdout.splitlines()[-1])
    assert (status, first_frame) == (200, "ready")
    assert not {"langchain_core", "langgraph", "chromadb", "openai"} & set(modules)


@pytest.mark.parametrize(("part", "conversation"), [("Redis", 2), ("PostgreSQL", 3)])
def test_what_is_written_while_a_part_is_away_is_answered_once_it_is_back(service, model, part, conversation):
    model.let_go.set()
    who = service.people["deploy"]
    page = Browser(service.address(), who["session"], who["conversations"][conversation])
    page.open()
    service.kill(part)
    turn = page.insist("Is anybody there?", meanwhile=service.parts[part].start)
    page.until_status(turn, "done")
    if not page.shown:
        page.until(lambda frame: page.shown)
    page.close()
    said = "select role from chat_message where conversation_id = %s order by position"
    assert service.query(said, page.conversation) == [("customer",), ("agent",)]


def test_with_chroma_away_the_customer_can_still_talk(service, model):
    model.let_go.set()
    who = service.people["deploy"]
    page = Browser(service.address(), who["session"], who["conversations"][4])
    page.open()
    service.kill("Chroma")
    try:
        page.until_status(page.ask("Is anybody there?"), "done")
    finally:
        service.parts["Chroma"].start().wait()
    page.until_status(page.ask("And now?"), "done")
    page.close()


def test_a_deploy_hands_answers_over_and_asks_pages_to_come_back(service, model):
    """SIGTERM in mid-answer: another worker goes on within seconds, and a web process closes its sockets with 1012."""
    who = service.people["deploy"]
    page = Browser(service.address(), who["session"], who["conversations"][0])
    page.open()
    model.let_go.clear()
    turn = page.ask("Tell me a story: middle")
    page.until(lambda frame: "word13" in "".join(page.shown.values()))
    old, web = service.processes["worker"], service.processes["web"]
    service.parts["worker"] = Process("worker", service.folder / "next worker", service.environment).start()
    old.stop(signal.SIGTERM)
    assert old.process.returncode == 0
    model.let_go.set()
    told_to_end = time.monotonic()
    page.until_status(turn, "done")
    assert time.monotonic() - told_to_end < 15
    assert service.query("select attempt from chat_turn where id = %s", turn) == [(1,)], "handing over is no failure"
    assert list(page.streamed.values()) == list(page.shown.values()) != []
    web.stop(signal.SIGTERM)
    with pytest.raises(ConnectionClosed):
        page.until(lambda frame: False)
    assert page.socket.close_code == 1012
    page.close()
    web.start().wait()
