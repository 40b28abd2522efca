"""The store of a process whose first reads come at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from support_site.memory import stores

pytestmark = pytest.mark.django_db(transaction=True)


def test_threads_that_are_first_at_once_open_chroma_once(settings, tmp_path):
    """Opened twice at once it failed one of them, and a customer was told that orders cannot be looked up."""
    settings.CHROMA_DIR = tmp_path / "chroma"
    stores.reset_site_store()
    first = Barrier(4)

    def opened(_):
        first.wait()
        return stores.site_store().chroma()

    try:
        with ThreadPoolExecutor(4) as threads:
            assert len({id(store) for store in threads.map(opened, range(4))}) == 1
    finally:
        stores.reset_site_store()
