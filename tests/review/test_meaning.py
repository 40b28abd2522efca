"""Search by meaning, through the store as it is."""

import pytest

from support_site.memory.stores import reset_site_store
from support_site.review.meaning import nearest
from tests.review.memories import remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
def fresh_store(settings, tmp_path):
    settings.CHROMA_DIR = tmp_path / "chroma"
    reset_site_store()
    yield
    reset_site_store()


def test_the_nearest_memories_of_all_accounts_or_of_one_are_found_and_nothing_else(alice, bob, fresh_store):
    shoes = remembered(alice, "The customer wears wide shoes.")
    boots = remembered(bob, "The customer asked for wide boots and shoes.")
    remembered(alice, "The customer keeps bees.")
    assert {shoes.address, boots.address} == set(nearest("wide shoes")[:2])
    assert nearest("wide shoes", str(alice.account_id))[0] == shoes.address
    assert boots.address not in nearest("wide shoes", str(alice.account_id))
