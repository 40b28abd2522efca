"""Eight writers beside four customers who talk, all in one SQLite file: nobody is told that the database is locked."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from tests.embedded import Page, Site
from tests.warm import ROOT

pytestmark = pytest.mark.fault

SECONDS = 10
SET_UP = """
import json
from django.test import Client
from support_site.accounts.models import User
from support_site.chat.models import Conversation
alice = User.objects.get(email="alice@example.com")
client = Client()
client.force_login(alice)
talks = [Conversation.objects.create(account=alice.account) for _ in range(4)]
who = {"session": client.cookies["sessionid"].value, "account": str(alice.account_id)}
print(json.dumps([who | {"conversation": str(talk.pk)} for talk in talks]))
"""
#: Another process writes the ledger: it may open the database, but not the folder of Chroma.
WRITERS = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from agents import namespaces
from langgraph.store.base import PutOp
from support_site.memory.stores import site_store
until = time.monotonic() + float(sys.argv[2])

def write(writer):
    store, written = site_store(), 0
    while time.monotonic() < until:
        key = f"w{writer}n{written % 20}"
        store.keep([PutOp(namespaces.memories(sys.argv[1]), key, {"text": f"note {written} of writer {writer}"})])
        written += 1
    return written

with ThreadPoolExecutor(8) as pool:
    print(json.dumps(list(pool.map(write, range(8)))))
"""


class Undisturbed(Page):
    """A page that is told of no trouble."""

    def take(self, timeout=30):
        frame = super().take(timeout)
        assert not frame.get("notices"), frame
        return frame


def answers(site, who):
    """How many questions were answered, one after the other, while the writers wrote."""
    until, answered = monotonic() + SECONDS, 0
    with Undisturbed(site, who) as page:
        while monotonic() < until:
            assert page.ask("Where is my order?")
            answered += 1
    return answered


def test_eight_writers_and_four_talks_do_not_lock_each_other_out(demo_shop, tmp_path):
    unlimited = {"MESSAGES_PER_MINUTE": "0,0", "TURNS_AT_ONCE": "0,0"}
    site = Site(tmp_path / "site", copy_of=demo_shop, OFFLINE_WORD_DELAY_SECONDS="0", **unlimited)
    talks = site.tell(SET_UP)
    site.start()
    try:
        told = site.environment | {"DJANGO_SETTINGS_MODULE": "support_site.settings"}
        writers = [sys.executable, "-c", WRITERS, talks[0]["account"], str(SECONDS)]
        with (
            ThreadPoolExecutor(4) as pool,
            subprocess.Popen(
                writers, cwd=ROOT, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as p,
        ):
            answered = list(pool.map(lambda who: answers(site, who), talks))
            written, trouble = p.communicate(timeout=60)
        assert trouble == ""
        assert min(json.loads(written)) > 0
        assert min(answered) > 0
        told = [line for line in site.log.splitlines() if "OperationalError" in line or "StoreUnavailable" in line]
        assert told == [], "a log names errors, and never quotes what they say"
    finally:
        site.stop()
