"""What the ledger promises holds on PostgreSQL as it does on SQLite."""

import pytest

from tests.postgres import assert_passes_on_postgres

pytestmark = [pytest.mark.service, pytest.mark.fault]

#: All of the contract takes minutes here, for every test empties every table: run it when the ledger's SQL changes.
FILES = ["tests/memory/test_ledger.py", "tests/memory/test_concurrency.py"]


def test_the_ledger_keeps_its_promises_on_postgresql():
    """Versions compared and swapped by many threads among them: of two writers one is told that he is late."""
    assert_passes_on_postgres(*FILES)
