"""A time to live is counted in minutes, starts anew where a read says so, and ends a record for good."""

import time

import pytest

from tests.store.contract.stage import Stage, keys

NS = ("accounts", "1", "memories")

#: Minutes: long enough for a slow machine to write and read in, short enough to wait for.
SOON = 1.2 / 60


def wait_out() -> None:
    time.sleep(SOON * 60 + 0.1)


class ExpiryContract(Stage):
    @pytest.fixture
    def brief(self, make):
        """What is put expires soon, and expired records are not shown."""
        return make(ttl={"default_ttl": SOON, "refresh_on_read": False, "omit_expired": True})

    def test_what_has_expired_is_not_seen_before_the_sweep(self, brief):
        brief.put(NS, "k", {})
        brief.put(("forever",), "k", {}, ttl=None)
        assert brief.get(NS, "k")
        wait_out()
        assert brief.get(NS, "k") is None
        assert brief.search(NS) == []
        assert brief.list_namespaces() == [("forever",)]

    def test_the_sweep_removes_what_has_expired_and_counts_it(self, brief):
        brief.put(NS, "a", {})
        brief.put(NS, "b", {})
        brief.put(NS, "kept", {}, ttl=None)
        wait_out()
        assert brief.sweep_ttl() == 2
        assert brief.sweep_ttl() == 0
        assert keys(brief.search(NS)) == ["kept"]

    def test_expired_records_leave_no_hole_in_a_page(self, brief):
        for number in range(6):
            brief.put(NS, str(number), {}, ttl=SOON if number % 2 else None)
        wait_out()
        assert len(brief.search(NS, limit=3)) == 3

    def test_the_put_decides_over_the_default(self, make):
        store = make(ttl={"default_ttl": 60, "omit_expired": True, "refresh_on_read": False})
        store.put(NS, "default", {})
        store.put(NS, "brief", {}, ttl=SOON)
        wait_out()
        assert keys(store.search(NS)) == ["default"]

    def test_a_put_without_an_end_takes_the_end_of_the_former_away(self, brief):
        brief.put(NS, "k", {})
        brief.put(NS, "k", {}, ttl=None)
        wait_out()
        assert brief.get(NS, "k")
        assert brief.sweep_ttl() == 0

    def test_a_read_starts_the_time_anew_where_it_is_asked_to(self, brief):
        for key in ("got", "searched", "unread"):
            brief.put(NS, key, {"key": key})
        for _ in range(5):
            time.sleep(SOON * 60 / 4)
            brief.get(NS, "got", refresh_ttl=True)
            brief.search(NS, filter={"key": "searched"}, refresh_ttl=True)
            brief.get(NS, "unread")
        assert set(keys(brief.search(NS))) == {"got", "searched"}
        brief.sweep_ttl()
        assert brief.get(NS, "got")

    def test_reads_refresh_by_default(self, make):
        store = make(ttl={"default_ttl": SOON, "omit_expired": True})
        store.put(NS, "k", {})
        store.put(NS, "asked not to", {})
        for _ in range(5):
            time.sleep(SOON * 60 / 4)
            assert store.get(NS, "k")
            store.get(NS, "asked not to", refresh_ttl=False)
            store.search(NS, filter={"none": 1})  # prolongs what it finds, and it finds nothing
        assert keys(store.search(NS)) == ["k"]

    def test_reading_an_expired_record_does_not_wake_it(self, brief):
        brief.put(NS, "k", {})
        wait_out()
        brief.get(NS, "k", refresh_ttl=True)
        brief.search(NS, refresh_ttl=True)
        assert brief.sweep_ttl() == 1

    def test_where_expired_records_are_shown_they_are_until_the_sweep(self, make):
        store = make(ttl={"default_ttl": SOON, "refresh_on_read": False})
        store.put(NS, "k", {})
        wait_out()
        assert store.get(NS, "k")
        assert store.sweep_ttl() == 1
        assert store.get(NS, "k") is None
        assert store.list_namespaces() == []

    def test_the_sweeper_removes_by_itself_until_it_is_stopped(self, brief):
        done = brief.start_ttl_sweeper(sweep_interval_minutes=0.2 / 60)
        assert brief.start_ttl_sweeper() is not None
        brief.put(NS, "k", {})
        wait_out()
        time.sleep(0.5)
        assert brief.stop_ttl_sweeper(timeout=5)
        assert brief.stop_ttl_sweeper(timeout=5)
        assert done.done()
        assert brief.sweep_ttl() == 0

    def test_cancelling_its_future_stops_the_sweeper(self, brief):
        brief.start_ttl_sweeper(sweep_interval_minutes=0.1 / 60).cancel()
        assert brief.stop_ttl_sweeper(timeout=5)

    def test_without_a_config_there_is_nothing_to_sweep(self, make):
        store = make()
        assert store.start_ttl_sweeper().done()
        assert store.stop_ttl_sweeper()
