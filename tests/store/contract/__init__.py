"""What every store here promises, written once. A storage is a small subclass of StoreContract:

    class TestMyStore(StoreContract):
        @pytest.fixture
        def opened(self):
            return lambda index=None, ttl=None: MyStore(...)      # an empty store each time

``differs`` names the tests whose promise a store does not make, each with the reason; they must then fail.
Every test is run twice: through ``batch``, and through ``abatch`` with an event loop of its own for each call.
"""

from tests.store.contract.batches import BatchesContract
from tests.store.contract.expiry import ExpiryContract
from tests.store.contract.filters import FiltersContract
from tests.store.contract.loops import LoopsContract
from tests.store.contract.namespaces import NamespacesContract
from tests.store.contract.oddities import OdditiesContract
from tests.store.contract.searches import SearchesContract
from tests.store.contract.values import ValuesContract
from tests.store.contract.vectors import VectorsContract


class StoreContract(
    ValuesContract,
    NamespacesContract,
    BatchesContract,
    FiltersContract,
    SearchesContract,
    VectorsContract,
    LoopsContract,
    OdditiesContract,
):
    """All but the time to live, which LangGraph leaves to the store (``supports_ttl``)."""


class ExpiringStoreContract(StoreContract, ExpiryContract):
    """The whole."""


__all__ = ["ExpiringStoreContract", "StoreContract"]
