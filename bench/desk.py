"""How long staff wait for the list of memories, and how many statements it takes.

python -m bench.desk [--records 50000] [--accounts 5000] [--rounds 20] [--meaning]

Pages are asked for through Django's test client: middleware, permissions, SQL, template, everything but the network.
The database is SQLite on fresh data, or an empty one that DATABASE_URL names. --meaning brings the memories to an
embedded Chroma first (minutes) and searches all of them by meaning as well.
"""

import argparse
import os
import random
import time
import uuid
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

from bench._figures import show, spread

THINGS = ("tea", "coffee", "parcels", "blue jackets", "late deliveries", "the phone", "long letters", "rain boots")
KINDS = ("preference", "fact", "situation", "promise")
TRUSTS = ("customer", "customer", "customer", "inferred", "staff")
STATUSES = ("active",) * 46 + ("superseded",) * 2 + ("quarantined", "needs_review")
PAGES = {
    "newest first": {},
    "not reviewed yet": {"queue": "unreviewed"},
    "quarantined": {"status": "quarantined"},
    "by staff": {"trust": "staff"},
    "promises": {"kind": "promise"},
    "expired (none is)": {"status": "expired"},
    "of one customer": {"account__id__exact": ""},
    "search: a word of every eighth": {"q": "jackets"},
    "search: a word of none": {"q": "zeppelin"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--meaning", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="bench-") as folder:
        _site(folder)
        _fill(options.records, options.accounts)
        pages = {**PAGES, "the page in the middle": {"p": str(options.records // 100)}}
        if options.meaning:
            _to_chroma()
            pages["by meaning, over all"] = {"q": "does not like to wait for the postman", "by": "meaning"}
        rows = [("list", "median (p95)", "statements"), *_measured(pages, options.rounds)]
    show(f"The desk: {options.records} memories of {options.accounts} accounts", rows)


def _site(folder: str) -> None:
    os.environ.update(DATA_DIR=folder, DJANGO_SETTINGS_MODULE="support_site.settings", LOG_LEVEL="WARNING")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _fill(records: int, accounts: int) -> None:
    from support_site.accounts.models import Account
    from support_site.memory.models import Record, Scope

    some = Account.objects.bulk_create(Account(name=f"Customer {number}") for number in range(accounts))
    scopes = [Scope(name=f"accounts.{account.pk}", account=account) for account in some]
    Scope.objects.bulk_create(scopes)
    Record.objects.bulk_create(_memories(records, scopes), batch_size=1_000)


def _memories(count: int, scopes: list[Any]) -> Iterator[Any]:
    from datetime import timedelta

    from django.utils import timezone

    from support_site.memory.drafts import address_of, digest_of, json_text, status_of
    from support_site.memory.facets import facets_of
    from support_site.memory.models import Record

    chance, begun = random.Random(7), timezone.now() - timedelta(days=365)
    vectors = os.urandom(4 * 512)  # what a vector weighs; nobody compares these
    for number in range(count):
        scope, at = chance.choice(scopes), begun + timedelta(minutes=10 * number)
        value = {
            "text": f"The customer spoke of {THINGS[number % 8]}, for the {number}th time.",
            "kind": chance.choice(KINDS),
            "trust": chance.choice(TRUSTS),
            "status": (status := chance.choice(STATUSES)),
            "superseded_by": "x" if status == "superseded" else None,
            "source": {name: str(uuid.UUID(int=chance.getrandbits(128))) for name in ("conversation", "message")},
            "valid_from": at.isoformat(),
        }
        namespace, text = ("accounts", str(scope.account_id), "memories"), json_text(value)
        yield Record(
            **facets_of("memories", text),
            address=address_of(namespace, f"m{number}"),
            scope=scope, account_id=scope.account_id, namespace=".".join(namespace), key_text=f"m{number}",
            kind="memories", value_text=text, digest=digest_of(value), revision=1, status=status_of(namespace, value),
            in_store=True, index=["text"], vectors=vectors, created_at=at, updated_at=at,
        )  # fmt: skip


def _to_chroma() -> None:
    from support_site.memory.models import Record
    from support_site.memory.stores import site_store

    Record.objects.update(in_store=False, vectors=None)
    site_store().reconcile()


def _measured(pages: dict[str, dict[str, str]], rounds: int) -> Iterator[tuple[str, str, str]]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from support_site.accounts.models import Account, User

    client, address = Client(SERVER_NAME="localhost"), reverse("admin:review_memory_changelist")
    client.force_login(User.objects.create_superuser("desk@example.com", "demo-password"))
    for name, query in pages.items():
        asked = {each: value or str(Account.objects.values_list("pk", flat=True)[0]) for each, value in query.items()}
        client.get(address, asked)  # templates are compiled, and the read is on record
        took = []
        for _ in range(rounds):
            begun = time.perf_counter()
            response = client.get(address, asked)
            assert response.status_code == 200, (response, response.headers)
            took.append((time.perf_counter() - begun) * 1000)
        with CaptureQueriesContext(connection) as statements:
            client.get(address, asked)
        yield name, spread(took), str(len(statements))


if __name__ == "__main__":
    main()
