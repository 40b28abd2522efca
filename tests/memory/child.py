"""A process of its own that writes to the site's store until it is killed, or looks at what is left.

child.py write [STEP]  puts numbered memories, a line "kept N" for each; dies by SIGKILL at a step of the fourth
child.py fill COUNT    puts so many at once and dies by SIGKILL, so that SQLite's write-ahead logs stay
child.py grow          puts fifty at once, again and again, with a line "kept N" for each
child.py share NAME    puts memories of its own and one that all share, reads both, with a line "kept N" for each
child.py look          one JSON line: what the store answers, and what store_check finds
"""

import json
import os
import signal
import sys

import django

#: What is in the SQL statement before which a step dies.
STEPS = {
    "before anything": 'INSERT INTO "memory_record" ',
    "in the transaction": 'INSERT INTO "memory_recordchange"',
    "before chroma": 'NOT "memory_record"."in_store" AND "memory_record"."id" IN',
    "after chroma": "SET in_store = ",
}
DIES_AT = 3
SHARED = 20


def write(step=""):
    from django.db import connection

    from support_site.memory.models import Record
    from support_site.memory.stores import site_store

    first = Record.objects.count()
    namespace = memories()
    for number in range(first, first + 10_000):
        with connection.execute_wrapper(dying(STEPS.get(step) if number - first == DIES_AT else None)):
            site_store().put(namespace, f"m{number:05}", {"text": f"memory number {number}"})
        sys.stdout.write(f"kept {number}\n")
        sys.stdout.flush()


def fill(count):
    from langgraph.store.base import PutOp

    from support_site.memory.stores import site_store

    site_store().batch([PutOp(memories(), f"m{n:05}", {"text": f"memory number {n}"}) for n in range(int(count))])
    os.kill(os.getpid(), signal.SIGKILL)


def grow():
    from langgraph.store.base import PutOp

    from support_site.memory.models import Record
    from support_site.memory.stores import site_store

    namespace, first = memories(), Record.objects.count()
    while True:
        numbers = range(first, first := first + 50)
        site_store().batch([PutOp(namespace, f"m{n:05}", {"text": f"memory number {n}"}) for n in numbers])
        sys.stdout.write("".join(f"kept {number}\n" for number in numbers))
        sys.stdout.flush()


def share(name):
    """Ends by itself after SHARED memories; fails if what it wrote is not what it then reads."""
    from support_site.memory.stores import site_store

    store, namespace = site_store(), memories()
    for number in range(SHARED):
        store.put(namespace, f"{name}-{number:03}", {"text": f"memory {number} of {name}"})
        store.put(namespace, "shared", {"text": f"by {name}", "number": number})
        assert store.get(namespace, f"{name}-{number:03}").value == {"text": f"memory {number} of {name}"}
        found = {item.key for item in store.search(namespace, query="memory", limit=1_000)}
        assert {f"{name}-{n:03}" for n in range(number + 1)} <= found
        sys.stdout.write(f"kept {number}\n")
        sys.stdout.flush()


def dying(at):
    def execute_or_die(execute, sql, *arguments):
        if at and at in sql:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, *arguments)

    return execute_or_die


def look():
    from support_site.memory import services
    from support_site.memory.models import Record, StoreEvent
    from support_site.memory.stores import site_store

    found = site_store().search(memories(), limit=100_000)
    seen = {
        "texts": {item.key: item.value["text"] for item in found},
        "ledger": Record.objects.live().count(),
        "pending": site_store().pending_count(),
        "differences": services.check(site_store()).count,
        "events": list(StoreEvent.objects.order_by("id").values_list("kind", flat=True)),
    }
    sys.stdout.write(f"{json.dumps(seen)}\n")


def memories():
    from support_site.accounts.models import Account

    owner, _ = Account.objects.get_or_create(shop_customer_id="child")
    return ("accounts", str(owner.pk), "memories")


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "support_site.settings"
    django.setup()
    {"write": write, "fill": fill, "grow": grow, "share": share, "look": look}[sys.argv[1]](*sys.argv[2:])
