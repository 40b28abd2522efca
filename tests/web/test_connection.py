"""What the page does when the socket comes and goes, and that nothing written is lost on the way."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.web import frames as f
from tests.web.frames import TURN

pytestmark = pytest.mark.browser

HELLO = f.kept("c1", 1, "customer", text="Where is it?", turn=TURN)
RUNNING = f.turn(TURN, "running", seq=0)
#: The soonest and the latest that a page comes back, for each (attempt, how long to wait).
DELAYS = """async ({origin, asked}) => {
  const {delay} = await import(`${origin}/chat/socket.js`);
  return asked.map(([attempt, wait]) => [0, 1].map((random) => delay(attempt, {...wait, random: () => random})));
}"""


def write(site, text):
    site.page.get_by_label("Your message").fill(text)
    site.page.keyboard.press("Enter")


def acknowledge(site, sent, status="accepted"):
    site.say({"type": "ack", "id": sent["id"], "turn": TURN, "status": status})
    site.say(f.message("c9", 9, "customer", text=sent["text"], client_id=sent["id"], turn=TURN))


def test_a_message_is_shown_at_once_and_sent_with_an_id_of_its_own(site):
    site = site().open().ready()
    write(site, "Where is my order?")
    entry = site.page.locator(".entry.customer")
    expect(entry).to_contain_text("Where is my order?")
    sent = site.wait(lambda: site.said("message.send"))[0]
    acknowledge(site, sent)
    expect(entry).to_have_count(1)
    expect(entry.locator(".mark")).to_have_count(0)


def test_what_was_not_confirmed_is_sent_again_with_the_same_id(site):
    site = site().open().ready()
    write(site, "Where is my order?")
    first = site.wait(lambda: site.said("message.send"))[0]
    site.close(1011)
    again = site.wait(lambda: site.said("message.send")[1:], seconds=10)[0]
    assert again == first


def test_what_was_confirmed_is_not_sent_again(site):
    site = site().open().ready()
    write(site, "Where is my order?")
    sent = site.wait(lambda: site.said("message.send"))[0]
    acknowledge(site, sent)
    expect(site.page.locator(".entry.customer .mark")).to_have_count(0)
    site.snapshot = f.snapshot(f.kept("c9", 9, "customer", text=sent["text"], client_id=sent["id"], turn=TURN))
    site.close(1011)
    site.wait(lambda: len(site.said("hello")) == 2, seconds=10)
    write(site, "And another")
    site.wait(lambda: len(site.said("message.send")) == 2)
    assert site.said("message.send")[1]["text"] == "And another"


def test_a_reload_loses_neither_what_was_sent_nor_what_was_being_written(site):
    site = site().open().ready()
    write(site, "Where is my order?")
    first = site.wait(lambda: site.said("message.send"))[0]
    site.page.get_by_label("Your message").fill("And also")
    site.page.reload()
    again = site.wait(lambda: site.said("message.send")[1:])[0]
    assert again == first
    expect(site.page.get_by_label("Your message")).to_have_value("And also")


def test_messages_written_offline_go_out_in_order_when_the_network_is_back(site):
    site = site().open().ready()
    site.page.context.set_offline(True)
    expect(site.page.get_by_text("You are offline")).to_be_visible()
    write(site, "First")
    write(site, "Second")
    expect(site.page.get_by_text("Not sent yet")).to_have_count(2)
    site.page.context.set_offline(False)
    site.wait(lambda: len(site.said("message.send")) == 2, seconds=10)
    assert [frame["text"] for frame in site.said("message.send")] == ["First", "Second"]
    expect(site.page.get_by_text("You are offline")).to_be_hidden()


def test_a_restart_of_the_site_is_named_and_passes(site):
    site = site().open().ready()
    site.page.evaluate("Math.random = () => 0")
    site.close(1012)
    expect(site.page.get_by_text("The site is restarting")).to_be_visible()
    site.wait(lambda: len(site.said("hello")) == 2, seconds=10)
    expect(site.page.get_by_text("The site is restarting")).to_be_hidden()


def test_pages_come_back_ever_later_and_never_in_step(page, static_address):
    restarted = {"least": 1_000, "spread": 5_000}
    asked = [(0, {}), (3, {}), (60, {}), (0, restarted), (60, restarted)]
    waited = page.evaluate(DELAYS, {"origin": static_address, "asked": asked})
    assert waited == [[250, 500], [2_000, 4_000], [10_000, 20_000], [1_250, 6_000], [11_000, 21_000]]


def test_a_page_that_comes_back_says_what_it_has_seen(site):
    site = site()
    site.snapshot = f.snapshot(HELLO, turns=(RUNNING,))
    site.open().ready()
    site.say(f.log(f.started(), f.begun(), f.delta("<p>It is</p>")))
    expect(site.page.get_by_text("It is")).to_be_visible()
    site.close(1011)
    site.wait(lambda: len(site.said("hello")) == 2, seconds=10)
    assert site.said("hello")[1]["cursors"] == {TURN: 3}
    site.say(f.log(f.delta("<p>It is here.</p>"), first=4))
    expect(site.page.locator(".entry.agent .body")).to_have_text("It is here.")


def test_a_missing_event_makes_the_page_ask_again(site):
    site = site()
    site.snapshot = f.snapshot(HELLO, turns=(RUNNING,))
    site.open().ready()
    site.say(f.log(f.started()), f.log(f.delta("<p>Late</p>"), first=4))
    site.wait(lambda: len(site.said("hello")) == 2)
    assert site.said("hello")[1]["cursors"] == {TURN: 1}
    assert len(site.sockets) == 1


def test_a_socket_that_died_without_a_word_is_noticed(site):
    site = site()
    site.page.clock.install()
    site.open().ready()
    site.answers_ping = False
    site.page.clock.run_for(56_000)
    site.wait(lambda: site.said("ping"))
    site.page.clock.run_for(6_000)
    site.wait(lambda: len(site.sockets) == 2)


def test_coming_back_to_the_page_asks_whether_the_socket_still_lives(site):
    site = site().open().ready()
    site.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    site.wait(lambda: site.said("ping"))


def test_a_session_that_ended_leads_to_the_sign_in_and_back(site):
    site = site().open().ready()
    site.close(4401)
    way = site.page.get_by_role("link", name="Sign in again")
    expect(way).to_have_attribute("href", f"/accounts/login/?next={quote(site.page.url.split(':9')[1], safe='')}")
    site.page.wait_for_timeout(1500)
    assert len(site.sockets) == 1


@pytest.mark.parametrize("code", [4400, 4413])
def test_a_message_the_site_cannot_read_is_not_sent_for_ever(site, code):
    site = site().open().ready()
    write(site, "Strange")
    site.wait(lambda: site.said("message.send"))
    site.close(code)
    expect(site.page.get_by_text("could not read this message")).to_be_visible()
    site.wait(lambda: len(site.said("hello")) == 2, seconds=10)
    assert len(site.said("message.send")) == 1


def test_a_refused_message_can_be_tried_again_or_rewritten(site):
    site = site().open().ready()
    write(site, "Hello")
    refused = site.wait(lambda: site.said("message.send"))[0]
    error = {"type": "error", "ref": refused["id"], "code": "too_many", "message": "Wait a minute.", "retryable": True}
    site.say(error)
    site.page.get_by_role("button", name="Try again").click()
    again = site.wait(lambda: site.said("message.send")[1:])[0]
    assert again == refused
    site.say(error)
    site.page.get_by_role("button", name="Edit").click()
    expect(site.page.get_by_label("Your message")).to_have_value("Hello")
    expect(site.page.locator(".entry")).to_have_count(0)


def test_signing_out_leaves_nothing_unsent_behind(site):
    site = site().open().ready()
    site.page.get_by_label("Your message").fill("A secret")
    assert site.page.evaluate("sessionStorage.length") == 1
    site.page.get_by_text("Alice Moreau").click()
    site.page.get_by_role("button", name="Sign out").click()
    site.wait(lambda: site.page.evaluate("sessionStorage.length") == 0)
