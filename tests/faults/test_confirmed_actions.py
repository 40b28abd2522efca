"""A confirmed change happens exactly once, wherever between the click and the end of its turn the process dies."""

import json
import signal
import uuid
from contextlib import suppress
from threading import Barrier, Thread

import pytest
from websockets.exceptions import ConnectionClosed

from tests.embedded import Page, Site
from tests.faults.doomed import DIES_AT
from tests.parts import wait_until

pytestmark = pytest.mark.fault

AT_ONCE = {"OFFLINE_WORD_DELAY_SECONDS": "0"}
ORDER, GIFT_CARD = "#W4195064", "gift_card_7720481"
SET_UP = f"""
import json
from django.test import Client
from agents import namespaces
from support_site.accounts.models import User
from support_site.chat.models import Conversation
from support_site.memory.stores import site_store
bob = User.objects.get(email="bob@example.com")
orders, store = namespaces.orders(str(bob.account_id)), site_store()
order = store.get(orders, "{ORDER}").value
order["payment_history"][0]["payment_method_id"] = "{GIFT_CARD}"
store.put(orders, "{ORDER}", order | {{"version": order["version"] + 1}})
client = Client()
client.force_login(bob)
conversation = Conversation.objects.create(account=bob.account)
print(json.dumps({{"session": client.cookies["sessionid"].value, "conversation": str(conversation.pk)}}))
"""

CLICKED = "after support_site.chat.actions:decide"
WRITTEN = "after agents.tools.actions:_apply"
SAVER = "agents.sqlite_checkpoints:OneThreadSqliteSaver"

#: Where the process dies: the moments it passes after the click, in order, up to its last one.
STEPS = {
    "the click is kept, no task is made": [],
    "the turn is claimed": ["after support_site.chat.beginnings:claim"],
    "the thread has the decision": [f"after {SAVER}.aput_writes"],
    "the rule has run, nothing is written": ["before agents.tools.actions:_apply"],
    "inside the ledger's transaction": ["before support_site.memory.cards:note"],
    "the ledger has it, Chroma does not": ["before support_site.memory.ledger:LedgerStore._tell_chroma"],
    "Chroma has it, the ledger does not know": ["before support_site.memory.applying:_mark"],
    "it is written, the thread does not know": [WRITTEN, f"before {SAVER}.aput_writes"],
    "the thread has the result, no checkpoint": [WRITTEN, f"before {SAVER}.aput"],
    "the checkpoint is kept, the outcome is not": [WRITTEN, f"after {SAVER}.aput"],
    "the outcome is kept": ["after support_site.chat.endings:keep_outcome"],
    "the thread is tidied": ["after agents.runner:prune_thread"],
    "inside the transaction of the end": ["before support_site.chat.endings:_tell"],
    "the end is kept and logged": ["after support_site.chat.endings:finish"],
    "the worker knows": ["before support_site.chat.tasks:follow_up"],
}


class Asked:
    """A site on which bob has been shown the card that cancels his order; copied for each test."""

    def __init__(self, demo_shop, folder):
        site = Site(folder, copy_of=demo_shop, **AT_ONCE)
        self.folder, self.bob = folder, site.tell(SET_UP)
        site.start()
        with Page(site, self.bob) as page:
            self.turn = page.send(f"Please cancel order {ORDER}, I ordered it by mistake")
            self.proposed = page.until("action.proposed")
            page.until("turn.done", status="waiting")
        site.stop()
        self.cursors = page.seen
        self.roles = site.roles_of(self.turn)

    @property
    def click(self):
        return {"decision": "confirm", "action": self.proposed["action"], "digest": self.proposed["digest"]}


@pytest.fixture(scope="module")
def asked(demo_shop, tmp_path_factory):
    return Asked(demo_shop, tmp_path_factory.mktemp("asked") / "site")


@pytest.fixture
def site(asked, tmp_path):
    """A copy of the site that waits for the click, not started yet."""
    site = Site(tmp_path / "site", copy_of=asked.folder, **AT_ONCE)
    yield site
    site.stop(signal.SIGKILL)


def start_doomed(site, moments):
    """Start it so that it dies right after these moments, and is its old self at the next start."""
    healthy = site.environment
    doom = {"DJANGO_SETTINGS_MODULE": "tests.faults.doomed_settings", DIES_AT: ",".join(moments)}
    site.environment = healthy | doom
    site.start()
    site.environment = healthy


def bury(site):
    assert site.process.wait(40) == -signal.SIGKILL, site.log


def ends_of(site, turn):
    """Every status with which the log says that the turn came to rest."""
    events = site.query("select event from chat_turnevent where turn_id = ? order by seq", uuid.UUID(turn).hex)
    return [event["status"] for (told,) in events if (event := json.loads(told))["type"] == "turn.done"]


def wait_for_the_end(site, turn):
    wait_until(lambda: "done" in ends_of(site, turn), told=lambda: site.log)


def stored(site, kind, key):
    [(value,)] = site.query(
        "select value_text from memory_record where kind = ? and key_text = ?"
        " and account_id = (select account_id from accounts_user where email = 'bob@example.com')",
        kind,
        key,
    )
    return json.loads(value)


def changes_of(site, *keys):
    """How many changes of these records of bob's the ledger has on file, by key."""
    statement = (
        "select key_text, count(*) from memory_recordchange join memory_record on memory_record.id = record_id"
        " where account_id = (select account_id from accounts_user where email = 'bob@example.com') group by 1"
    )
    return {key: count for key, count in site.query(statement) if key in keys}


def require_cancelled_once(site, asked, before):
    """One change of the order and of the gift card, on record once; one reply with the receipt; one end."""
    order, profile = stored(site, "orders", ORDER), stored(site, "profile", "profile")
    refunds = [each for each in order["payment_history"] if each["transaction_type"] == "refund"]
    assert (order["status"], order["version"]) == ("cancelled", before["order"]["version"] + 1)
    assert [(each["amount"], each["payment_method_id"]) for each in refunds] == [("89.00", GIFT_CARD)]
    assert [each["action"] for each in order["changes"]] == [asked.proposed["action"]]
    assert profile["version"] == before["profile"]["version"] + 1
    assert profile["payment_methods"][GIFT_CARD]["balance"] == "175.40"
    assert changes_of(site, ORDER, "profile") == {key: count + 1 for key, count in before["changes"].items()}
    # What is learned from the last question may still be on its way.
    pending = "select count(*) from memory_record where not in_store and kind <> 'memories'"
    assert site.query(pending) == [(0,)]

    [(status, receipt)] = site.query("select status, receipt from chat_action")
    assert status == "applied"
    assert ORDER in json.loads(receipt)["title"]
    assert site.state_of(asked.turn)[0] == "done"
    assert site.roles_of(asked.turn) == [*asked.roles, "agent"]
    cards = site.query("select cards from chat_message where role = 'agent' and cards <> '[]'")
    assert [json.loads(card) for (card,) in cards] == [[json.loads(receipt)]]
    ends = ends_of(site, asked.turn)
    assert (ends[-1], ends.count("done")) == ("done", 1)


def as_it_was(site):
    return {
        "order": stored(site, "orders", ORDER),
        "profile": stored(site, "profile", "profile"),
        "changes": changes_of(site, ORDER, "profile"),
    }


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_the_click_the_change_is_made_once_and_told_once(asked, site, step):
    before = as_it_was(site)
    start_doomed(site, [CLICKED, *STEPS[step]])
    page = Page(site, asked.bob)
    page.seen = dict(asked.cursors)
    with suppress(ConnectionClosed), page:
        page.say("action.decide", **asked.click)
        page.until_closed()
    bury(site)
    site.start()
    wait_for_the_end(site, asked.turn)
    with page:
        assert "cancelled" in page.ask(f"What is the status of order {ORDER}?")
    site.stop(signal.SIGKILL)
    require_cancelled_once(site, asked, before)


def test_fifty_clicks_over_ten_sockets_at_once_change_it_once(asked, site):
    before = as_it_was(site)
    site.start()
    everybody = Barrier(10)
    replies = []

    def click_five_times():
        with Page(site, asked.bob) as page:
            everybody.wait(40)
            for _ in range(5):
                page.say("action.decide", **asked.click)
            replies.append(page.until("action.decided", status="applied")["receipt"])
            page.until("turn.done", status="done")

    sockets = [Thread(target=click_five_times) for _ in range(10)]
    for socket in sockets:
        socket.start()
    for socket in sockets:
        socket.join(40)
    site.stop(signal.SIGKILL)
    assert replies == 10 * [replies[0]]
    require_cancelled_once(site, asked, before)
