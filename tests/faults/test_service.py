"""The processes of a service: what a deploy does to them, and what the web process does without."""

import json
import signal
import subprocess
import sys

import pytest
from websockets.exceptions import ConnectionClosed

from tests.faults.service import ROOT, Process

pytestmark = [pytest.mark.fault, pytest.mark.service]

#: What searches by meaning has to have what makes and finds vectors (docs/decisions/0017).
BY_MEANING = "GET /admin/review/memory/?q=lamp&by=meaning"


def test_the_web_process_answers_pages_and_sockets_without_langchain_or_chroma(service, model):
    """All that customers, staff and the shop's system ask of it; the one page that needs them comes last."""
    model.let_go.set()
    command = [sys.executable, "-m", "tests.faults.pages"]
    done = subprocess.run(command, cwd=ROOT, env=service.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout.splitlines()[-1])
    assert [step for step, answer, _ in steps if answer not in (200, 302, [])] == []
    assert {step.partition(" ")[0] for step, _, _ in steps} == {"GET", "POST", "PUT", "socket:"}
    assert [step for step, _, heavy in steps if heavy] == [BY_MEANING]


@pytest.mark.parametrize("part", ["Redis", "PostgreSQL"])
def test_what_is_written_while_a_part_is_away_is_answered_once_it_is_back(service, model, part):
    model.let_go.set()
    page = service.new_page("deploy").open()
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
    page = service.new_page("deploy").open()
    service.kill("Chroma")
    try:
        page.until_status(page.ask("Is anybody there?"), "done")
    finally:
        service.parts["Chroma"].start().wait()
    page.until_status(page.ask("And now?"), "done")
    page.close()


def test_a_deploy_hands_answers_over_and_asks_pages_to_come_back(service, model):
    """SIGTERM in mid-answer: another worker goes on at once, and a web process closes its sockets with 1012."""
    page = service.new_page("deploy").open()
    model.let_go.clear()
    turn = page.ask("Tell me a story: middle")
    page.until(lambda frame: "word13" in "".join(page.shown.values()))
    old, web = service.processes["worker"], service.processes["web"]
    new = Process("worker", service.folder / "next worker", service.environment).start()
    service.parts["worker"] = service.processes["worker"] = new
    old.stop(signal.SIGTERM)
    assert old.process.returncode == 0
    model.let_go.set()
    page.until_status(turn, "done")
    # What goes on when a lease has run out is a second attempt.
    assert service.query("select attempt from chat_turn where id = %s", turn) == [(1,)], "it was not handed over"
    if not page.streamed:  # what is kept may be shown before its log has been told
        page.until(lambda frame: page.streamed)
    assert list(page.streamed.values()) == list(page.shown.values()) != []
    web.stop(signal.SIGTERM)
    with pytest.raises(ConnectionClosed):
        page.until(lambda frame: False)
    assert page.socket.close_code == 1012
    page.close()
    web.start().wait()
