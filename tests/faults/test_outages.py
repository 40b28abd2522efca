"""A part is away for long, while a reply is written, a message is queued behind it and another one is sent: pages say
so, nothing is lost or doubled, and all goes on when the part is back, without any other part being started anew."""

import re
import signal
import time

import pytest
from playwright.sync_api import expect

from tests.faults.stage import OUTAGES
from tests.parts import wait_until
from tests.web.browsing import browser  # noqa: F401

pytestmark = [pytest.mark.fault, pytest.mark.service, pytest.mark.browser]

AWAY_SECONDS = 25
#: Milliseconds until a page has said or shown something, on a busy machine.
SOON = 60_000

#: What the page says whose reply stands still, and what the one says on which somebody writes.
BANNERS = {
    "Redis-gone": ("Answering takes longer than usual", "Your message is kept"),
    "Redis-hangs": ("Answering takes longer than usual", "Your message is kept"),
    "PostgreSQL-gone": ("We cannot reach the support service", "Your message is kept here and will be sent."),
    "Chroma-gone": (None, "We cannot look up orders right now."),
}


class Outage:
    """One part, taken away and brought back."""

    def __init__(self, service, name):
        part, self.how = name.split("-")
        self.part = service.parts[part]

    def begin(self):
        self.part.process.send_signal(signal.SIGSTOP) if self.how == "hangs" else self.part.stop()

    def end(self):
        if self.how == "hangs":
            self.part.process.send_signal(signal.SIGCONT)
        elif self.part.process.poll() is not None:
            self.part.start()


class Tab:
    """A conversation in a real browser."""

    def __init__(self, browser, service, who):  # noqa: F811
        address = f"http://{service.address()}"
        self.id = who["conversations"][0]
        self.context = browser.new_context()
        self.context.add_cookies([{"name": "sessionid", "value": who["session"], "url": address}])
        self.page = self.context.new_page()
        self.page.goto(f"{address}/conversations/{self.id}/")

    def write(self, text):
        self.page.get_by_label("Your message").fill(text)
        self.page.get_by_label("Your message").press("Enter")

    @property
    def replies(self):
        return self.page.locator(".entry.agent")

    def says(self, text):
        return self.page.get_by_text(re.compile(re.escape(text)))


@pytest.fixture
def open_tab(service, browser):  # noqa: F811
    tabs = []

    def open_tab(who):
        tabs.append(Tab(browser, service, who))
        return tabs[-1]

    yield open_tab
    for tab in tabs:
        tab.context.close()


@pytest.mark.parametrize("name", OUTAGES)
def test_a_long_outage_is_told_honestly_and_leaves_no_trace(service, model, open_tab, name):
    # What is known of a customer who was just answered is still at hand; of the other one nothing is.
    reading, writing = (open_tab(service.people[each]) for each in (name, f"{name}-too"))
    model.let_go.clear()
    reading.write("Tell me a story: middle")
    expect(reading.replies.last).to_contain_text("word13", timeout=SOON)
    reading.write("And another story")
    wait_until(lambda: len(turns_of(service, reading)) == 2, told="the queued turn")
    running = {name: process.process.pid for name, process in service.processes.items()}

    outage, began = Outage(service, name), time.monotonic()
    outage.begin()
    try:
        model.let_go.set()
        writing.write("Is anybody there?")
        told = [(tab, tab.says(text)) for tab, text in zip((reading, writing), BANNERS[name], strict=True) if text]
        for _, banner in told:
            expect(banner).to_be_visible(timeout=SOON)
        time.sleep(max(0, AWAY_SECONDS - (time.monotonic() - began)))
    finally:
        outage.end()

    for tab, turns in ((reading, 2), (writing, 1)):
        expect(tab.replies).to_have_count(turns, timeout=SOON)
        for place in range(turns):
            expect(tab.replies.nth(place)).to_contain_text("word29.", timeout=SOON)
        wait_until(lambda tab=tab, turns=turns: turns_of(service, tab) == ["done"] * turns, told=tab.id)
        assert said_in(service, tab) == ["customer", "agent"] * turns
    for _, banner in told:
        expect(banner).to_be_hidden(timeout=SOON)
    assert {name: process.process.pid for name, process in service.processes.items()} == running
    assert [name for name, process in service.processes.items() if process.process.poll() is not None] == []


def turns_of(service, tab):
    turns = "select status from chat_turn where conversation_id = %s order by created_at"
    return [status for (status,) in service.query(turns, tab.id)]


def said_in(service, tab):
    """Roles, turn by turn."""
    said = (
        "select role from chat_message m join chat_turn t on t.id = turn_id"
        " where m.conversation_id = %s order by t.created_at, m.position"
    )
    return [role for (role,) in service.query(said, tab.id)]
