"""Stop, from a page or from the switch in the admin: another process hears it and lets go of the model at once, what
was written is kept, and the next turn works."""

import httpx
import pytest

from tests.parts import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.service]

#: At most so much is still written: a stop is told, and not found at the next look at the lease.
LATE_CHUNKS = 40


class Told:
    """A page that is being told a story without an end, and what the model's server knows of it."""

    def __init__(self, service, model, page):
        self.service, self.page = service, page
        begun = len(model.endless)
        self.turn = page.ask("Tell me an endless story")
        page.until(lambda frame: "word word" in "".join(page.shown.values()))
        [self.exchange] = model.endless[begun:]

    def end(self, act):
        """Do what stops it: the model is let go of, and the page shows what was written, which is kept as stopped."""
        before = self.exchange.sent
        act()
        self.page.until_status(self.turn, "stopped")
        wait_until(lambda: self.exchange.outcome == "client left", told="the end of the stream")
        assert self.exchange.sent < before + LATE_CHUNKS
        kept = "select id::text, html, stopped from chat_message where turn_id = %s and role = 'agent'"
        [(reply, html, is_stopped)] = self.service.query(kept, self.turn)
        assert is_stopped
        assert html.startswith("<p>word word")
        while self.page.kept.get(reply) is None:
            self.page.until(lambda frame: frame["type"] == "message")
        assert self.page.shown == {reply: html}


@pytest.fixture
def open_page(service, model):
    model.let_go.set()
    pages = []

    def open_page(who):
        pages.append(service.new_page(who))
        return pages[-1].open()

    yield open_page
    for page in pages:
        page.close()


@pytest.fixture
def flip(service):
    """Turn the agent off or on in the admin, as staff; afterwards it is on."""
    by = "update accounts_user set is_staff = %s, is_superuser = %s where email = 'switch@example.com' returning 1"
    service.query(by, True, True)
    address = f"http://{service.address()}"

    def flip(is_on):
        cookies = {"sessionid": service.people["switch"]["session"]}
        with httpx.Client(base_url=address, cookies=cookies) as staff:
            assert staff.get("/admin/chat/agentswitch/add/").status_code == 200
            form = {"is_on": str(is_on), "reason": "A test", "csrfmiddlewaretoken": staff.cookies["csrftoken"]}
            assert staff.post("/admin/chat/agentswitch/add/", data=form, headers={"origin": address}).status_code == 302

    yield flip
    flip(True)
    service.query(by, False, False)


def test_stop_on_a_page_ends_the_workers_stream_and_the_next_turn_works(service, model, open_page):
    told = Told(service, model, open_page("stop"))
    told.end(lambda: told.page.say("turn.stop", turn=told.turn))
    told.page.until_status(told.page.ask("And now?"), "done")


def test_the_switch_ends_it_too_until_the_agent_is_on_again(service, model, open_page, flip):
    told = Told(service, model, open_page("stop"))
    told.end(lambda: flip(False))
    assert told.page.ask("Is anybody there?") is None, "a person answers here"
    flip(True)
    fresh = open_page("stop")
    fresh.until_status(fresh.ask("Is anybody there?"), "done")
