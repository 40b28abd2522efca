"""The golden files, and the stores they are played over."""

import pytest
from langgraph.store.memory import InMemoryStore

from tests.conformance import SHOP, require_golden
from tests.conformance.golden import Shop
from tests.conformance.play import any_account


def pytest_configure(config):
    config.addinivalue_line("markers", "golden: every golden case over the ledger and Chroma (about a minute)")


@pytest.fixture(scope="session")
def shop():
    require_golden()
    return Shop(SHOP)


@pytest.fixture
def memory_store():
    return InMemoryStore(), any_account


@pytest.fixture
def ledger_store(transactional_db, tmp_path):
    """The site's own store: a ledger in SQL before an embedded Chroma with lexical vectors."""
    import chromadb

    from agents.embeddings import LexicalEmbeddings
    from agents.store import ChromaStore
    from support_site.accounts.models import Account
    from support_site.memory.ledger import LedgerStore
    from support_site.memory.stores import SEARCHED_FIELDS

    async def open_account():
        return str((await Account.objects.acreate()).pk)

    lexical = LexicalEmbeddings()
    client = chromadb.PersistentClient(str(tmp_path / "chroma"), chromadb.Settings(anonymized_telemetry=False))
    chroma = ChromaStore(client, index={"embed": lexical, "dims": lexical.dims, "fields": SEARCHED_FIELDS})
    return LedgerStore(lambda: chroma), open_account
