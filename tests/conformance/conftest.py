"""The golden files, and the stores they are played over."""

import pytest
from langgraph.store.memory import InMemoryStore

from tests.conformance import SHOP, require_golden
from tests.conformance.golden import Shop
from tests.conformance.play import Player


def pytest_configure(config):
    config.addinivalue_line("markers", "golden: every golden case over the ledger and Chroma (about a minute)")


@pytest.fixture(scope="session")
def shop():
    require_golden()
    return Shop(SHOP)


@pytest.fixture
async def in_memory(shop):
    """The shop moved into LangGraph's store in memory."""
    return await Player(InMemoryStore(), shop).move_in()


@pytest.fixture
async def over_ledger(shop, transactional_db, tmp_path):
    """The shop moved into the site's own store: a ledger in SQL before an embedded Chroma with lexical vectors."""
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
    return await Player(LedgerStore(lambda: chroma), shop).move_in(open_account)
