"""A socket that is cut behind every event of a long reply while it is written: no number is missing, none comes twice,
and the text is the one that is kept. The same for both fillings of the turn log."""

import pytest

from tests.chat.test_embedded import SET_UP
from tests.embedded import Site
from tests.faults.browser import Browser
from tests.faults.stage import LONG, Model
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.fault


class Cut(Browser):
    """Notes what it is told, and goes on asking for the rest when all is over."""

    def __init__(self, *where):
        super().__init__(*where)
        self.numbers, self.written, self.is_over = [], {}, False
        self.begun = {}

    def unfinished(self):
        return self.cursors

    def _numbered(self, turn, seq, event):
        self.numbers.append(seq)
        super()._numbered(turn, seq, event)

    def _snapshot(self, frame):
        self.begun |= self.drafts  # what is kept by now is no draft any more, though its end is still to be told
        super()._snapshot(frame)

    def _event(self, turn, event):
        if event["type"] == "message.done":
            self.written[event["message"]] = "\n".join((self.begun | self.drafts)[event["message"]]["blocks"])
        self.is_over = event["type"] == "turn.done"
        super()._event(turn, event)


@pytest.fixture
def embedded(demo_shop, tmp_path):
    with OpenAIServer(answer=Model()) as server:
        real = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "key", "OPENAI_MODEL": "test-model"}
        site = Site(tmp_path / "site", copy_of=demo_shop, EMBEDDER="lexical", **real)
        alice = site.tell(SET_UP)["alice"]
        try:
            yield f"127.0.0.1:{site.start().port}", alice["session"], alice["conversation"]
        finally:
            site.stop()


@pytest.fixture
def several(service):
    """The service, whose log is in Redis."""
    page = service.new_page("cut")
    return page.address, page.session, page.conversation


@pytest.mark.parametrize("site", ["embedded", pytest.param("several", marks=pytest.mark.service)])
def test_a_socket_cut_behind_every_event_of_a_long_reply_gets_exactly_the_rest(request, site):
    page = Cut(*request.getfixturevalue(site)).open()
    page.ask("Tell me a long story")
    cuts = 0
    while not page.is_over:
        page.until(lambda frame: frame["type"] == "event")
        page.close()
        page.open()
        cuts += 1
    page.close()
    assert cuts >= 60
    assert page.numbers == list(range(1, cuts + 1))
    [kept] = [message for message in page.kept.values() if message["role"] == "agent"]
    assert kept["text"] == LONG.text
    assert page.shown == page.streamed == page.written == {kept["id"]: kept["html"]}
