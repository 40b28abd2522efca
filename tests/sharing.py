"""Who runs what when tests run in several processes: those that share something expensive run in one, long ones first.

pytest-xdist's own groups do not do: with pytest 9.2 their marks are not seen (its worker writes ``item._nodeid``, which
nobody reads any more), and each process started services of its own.
"""

from xdist.scheduler import LoadScopeScheduling

#: Files whose tests share something that was started for them; all others share within a class or file at most.
TOGETHER = {
    "tests/faults/test_chaos.py": "the service",
    "tests/faults/test_cut_sockets.py": "the service",
    "tests/faults/test_floods.py": "the service",
    "tests/faults/test_outages.py": "the service",
    "tests/faults/test_restore.py": "the service",
    "tests/faults/test_service.py": "the service",
    "tests/faults/test_stop.py": "the service",
    "tests/e2e/test_customers.py": "the site before browsers",
    "tests/e2e/test_privacy.py": "the site before browsers",
    "tests/e2e/test_reaching.py": "the site before browsers",
}
#: What takes longest, the longest first: begun last, one of them would be waited for alone.
LONG = [
    "the service",
    "tests/faults/test_confirmed_actions.py",
    "the site before browsers",
    "tests/memory/test_contract.py::TestLedgerStoreOnAServer",
    "tests/memory/test_contract.py::TestLedgerStore",
    "tests/memory/test_kills.py",
    "tests/memory/test_server.py",
    "tests/chat/test_embedded.py",
    "tests/memory/test_damaged_file.py",
    "tests/conformance/test_golden.py",
    "tests/store/test_faults.py",
    "tests/test_make_service.py",
    "tests/memory/test_processes.py",
    "tests/faults/test_one_process.py",
    "tests/faults/test_sqlite_load.py",
    "tests/orders/test_webhooks.py",
    "tests/orders/test_api.py",
    "tests/orders/test_order_admin.py",
]


def unit_of(test):
    """What runs in one process, of which a test with this id is a part."""
    file, _, name = test.partition("::")
    names = name.partition("[")[0].split("::")
    return TOGETHER.get(file) or "::".join([file, *names[:-1]])


def rank(test):
    """Long ones before others."""
    unit = unit_of(test)
    return LONG.index(unit) if unit in LONG else len(LONG)


class SharingScheduling(LoadScopeScheduling):
    """Units in the order in which tests were collected."""

    def __init__(self, config, log):
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid):
        return unit_of(nodeid)
