"""What the store costs: put, get, search and listing, beside LangGraph's own stores with the same embedder.

python -m bench.store [--quick] [--records 1000 10000 50000] [--stores "ChromaStore embedded" ...]

Records lie over 1,000 accounts (100 with --quick, which has 1,000 records). "again in the turn" is a search of the
account that was searched before, which these stores answer from memory. The second table tells what a search among
50 records costs, the more records others have. A store that is not there is left out, with the reason.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from langgraph.store.base import BaseStore, GetOp, PutOp, SearchOp

from agents.store import ChromaStore
from bench._figures import percentile, show
from bench._stores import STORES, index, missing

SIZES = (1_000, 10_000, 50_000)
#: Whose cost must not depend on what others have.
OURS = ("ChromaStore embedded",)
OF_AN_ACCOUNT = 50
BATCH = 100
ROUNDS = 40
WORDS = (
    "order parcel kettle refund address green tea blue lamp broken late return size colour exchange invoice card gift"
    " phone morning delivery neighbour birthday sister warranty battery cable shoes jacket desk chair window garden"
)
HEADER = (
    "store", "bulk puts/s", "put", "batch of 100 puts", "get", "batch of 100 gets", "search by query", "with filter",
    "newest, no query", "again in the turn", "over all accounts", "list_namespaces",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--records", type=int, nargs="+", default=SIZES)
    parser.add_argument("--stores", nargs="+", choices=list(STORES), default=list(STORES))
    options = parser.parse_args()
    sizes, accounts = ((1_000,), 100) if options.quick else (options.records, 1_000)
    for name in options.stores:
        if reason := missing(name):
            print(f"{name} is left out: {reason}.")
    there = [name for name in options.stores if not missing(name)]
    for size in sizes:
        rows = [(name, *measured(name, size, accounts)) for name in there]
        show(f"Store: {size:,} records over {accounts:,} accounts, milliseconds (p95)", [HEADER, *rows])
    rows = [(name, *(one_account(name, size) for size in sizes)) for name in there if name in OURS]
    header = ("store", *(f"among {size:,} in all" for size in sizes))
    show(f"Search by query in an account of {OF_AN_ACCOUNT} records, milliseconds (p95)", [header, *rows])


def measured(name: str, size: int, accounts: int) -> list[str]:
    with opened(name, size, accounts) as work:
        return [f"{work.fill():,.0f}", *(figure(work.times(ask, rounds)) for ask, rounds in work.questions())]


def one_account(name: str, size: int) -> str:
    with opened(name, size, size // OF_AN_ACCOUNT) as work:
        work.fill()
        return figure(work.times(work.search, ROUNDS))


@contextmanager
def opened(name: str, size: int, accounts: int) -> Iterator["Workload"]:
    """The store on fresh data, with its work to do."""
    with TemporaryDirectory(prefix="bench-") as folder, STORES[name](folder, index()) as store:
        yield Workload(store, size, accounts)


def figure(milliseconds: list[float]) -> str:
    """The median and the slow end; a dash for what a store does not offer."""
    if not milliseconds:
        return "-"
    return f"{statistics.median(milliseconds):.1f} ({percentile(milliseconds, 95):.1f})"


class Workload:
    """The same records and questions for every store, drawn anew from one seed."""

    def __init__(self, store: BaseStore, size: int, accounts: int) -> None:
        self._store, self._size, self._accounts = store, size, accounts
        self._words = WORDS.split()
        self._chance = random.Random(1)
        self._added = size

    def fill(self) -> float:
        """Write all records in batches of 100; records a second."""
        start = time.perf_counter()
        for first in range(0, self._size, BATCH):
            self._store.batch([self._put(number) for number in range(first, first + BATCH)])
        return self._size / (time.perf_counter() - start)

    def questions(self) -> Iterable[tuple[Callable[[], object], int]]:
        """What is asked, in the order of the columns, and how often."""
        store, text, number = self._store, self._text, self._number
        yield lambda: store.batch([self._new()]), ROUNDS
        yield lambda: store.batch([self._new() for _ in range(BATCH)]), 5
        yield lambda: store.batch([self._get(number())]), ROUNDS
        yield lambda: store.batch([self._get(number()) for _ in range(BATCH)]), 5
        yield self.search, ROUNDS
        yield lambda: store.search(self._account(number())[:2], query=text(), filter={"kind": "fact"}, limit=10), ROUNDS
        yield lambda: store.search(self._account(number())[:2], limit=10), ROUNDS
        yield self._again(), ROUNDS
        yield lambda: store.search(("accounts",), query=text(), limit=10), 5
        yield lambda: store.list_namespaces(limit=100), 10

    def search(self) -> object:
        """By query, in an account that was most likely not looked at before."""
        return self._store.search(self._account(self._number())[:2], query=self._text(), limit=10)

    def times(self, ask: Callable[[], object] | None, rounds: int) -> list[float]:
        """Milliseconds of each round, after one that is not counted."""
        if ask is None:
            return []
        ask()
        taken = []
        for _ in range(rounds):
            start = time.perf_counter()
            ask()
            taken.append((time.perf_counter() - start) * 1_000)
        return taken

    def _again(self) -> Callable[[], object] | None:
        store, account = self._store, self._account(self._number())[:2]
        if type(store).__name__ == "LedgerStore":
            return lambda: store.search(account, query=self._text(), limit=10)
        if not isinstance(store, ChromaStore):
            return None
        snapshot = store.snapshot(account)

        def ask() -> object:
            query = self._text()
            return snapshot.search(SearchOp(account, query=query), store.query_vectors([query])[query])

        return ask

    def _put(self, number: int) -> PutOp:
        value = {"text": f"{self._text()} {number}", "kind": "fact" if number % 2 else "preference"}
        return PutOp(self._account(number), str(number), value)

    def _new(self) -> PutOp:
        self._added += 1
        return self._put(self._added)

    def _get(self, number: int) -> GetOp:
        return GetOp(self._account(number), str(number))

    def _account(self, number: int) -> tuple[str, str, str]:
        return ("accounts", f"account-{number % self._accounts}", "memories")

    def _number(self) -> int:
        return self._chance.randrange(self._size)

    def _text(self) -> str:
        return " ".join(self._chance.choices(self._words, k=12))


if __name__ == "__main__":
    main()
