"""What is promised of many who act at once holds on PostgreSQL, too, where they do not wait in one line."""

import pytest

from tests.postgres import assert_passes_on_postgres

pytestmark = [pytest.mark.service, pytest.mark.fault]

AT_ONCE = [
    "tests/chat/test_accept.py::test_the_same_id_sent_fifty_times_at_once_is_one_message_and_one_turn",
    "tests/chat/test_accept.py::test_different_messages_at_once_all_get_a_place_of_their_own",
    "tests/chat/test_leases.py::test_of_many_workers_one_claims_the_turn",
    "tests/chat/test_limits.py::test_twenty_sockets_at_once_together_stay_within_the_day",
    "tests/chat/test_actions.py::test_fifty_clicks_at_once_are_one_decision_and_one_run",
    "tests/chat/test_actions.py::test_confirm_and_decline_at_once_are_one_of_the_two",
    "tests/chat/test_days_at_once.py",
]


def test_what_many_do_at_once_is_done_once_on_postgresql():
    assert_passes_on_postgres(*AT_ONCE)
