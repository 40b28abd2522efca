"""A part that is away: what of it stands in the log."""

import logging

import pytest
from redis.exceptions import ConnectionError as Gone

from support_site import logs, outage_lines
from support_site.celery import BrokerAnswers, app

LOST = "channels_redis.pubsub"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The time is what ``clock[0]`` says, and no part was ever away."""
    now = [1000.0]
    monkeypatch.setattr(outage_lines.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(outage_lines, "_absences", {})
    monkeypatch.setattr(outage_lines, "_back", {})
    return now


@pytest.fixture
def written(monkeypatch):
    """The lines that are left, as they would be written."""
    lines = []

    class Keep(logging.Handler):
        def emit(self, record):
            lines.append(logs.Lines("%(levelname)s %(message)s").format(record))

    for name in (*outage_lines.PARTS, outage_lines.__name__):
        handler = Keep()
        handler.addFilter(outage_lines.OutageLines())
        monkeypatch.setattr(logging.getLogger(name), "handlers", [handler])
        monkeypatch.setattr(logging.getLogger(name), "propagate", False)
    return lines


def fail(name=LOST, error=Gone):
    """As libraries do it: a traceback of what was caused by a lost connection."""
    try:
        try:
            raise error("Error 111 connecting")
        except error as lost:
            raise RuntimeError("cannot send") from lost
    except RuntimeError:
        logging.getLogger(name).exception("Unexpected exception in receive task")


def test_it_is_one_line_when_it_goes_one_a_minute_and_one_when_it_is_back(written, clock):
    for _ in range(130):
        fail()
        clock[0] += 1
    outage_lines.answers("Redis")
    outage_lines.answers("Redis")
    assert written == [
        "ERROR Redis does not answer; until it does, this is said once a minute (ConnectionError)",
        "ERROR Redis has not answered for 60 s, 59 lines left out (ConnectionError)",
        "ERROR Redis has not answered for 120 s, 118 lines left out (ConnectionError)",
        "WARNING Redis answers again, after 130 s (127 lines left out)",
    ]


def test_what_was_tried_before_it_came_back_is_no_new_outage_and_what_comes_later_is_one(written, clock):
    fail()
    outage_lines.answers("Redis")
    clock[0] += 2
    fail()
    assert len(written) == 2
    clock[0] += 60
    fail()
    assert "Redis does not answer" in written[2]


def test_an_outage_whose_end_nobody_noticed_is_not_taken_for_a_part_of_the_next(written, clock):
    fail()
    clock[0] += 3600
    fail()
    assert written[0] == written[1]


def test_each_part_has_its_own_lines(written):
    fail()
    fail("celery.beat", TimeoutError)
    logging.getLogger("celery.worker.consumer.consumer").error("Cannot connect to %s: %s", "redis://", Gone())
    logging.getLogger("support_site.chat.shared_hub").warning("Redis is not heard (%s)", "ConnectionError")
    assert [line.partition(";")[0] for line in written] == [
        "ERROR Redis does not answer",
        "ERROR the broker does not answer",
    ]


def test_what_else_these_libraries_say_is_left_as_it_is(written):
    for _ in range(2):
        fail("celery.beat", KeyError)
        logging.getLogger("support_site.chat.shared_hub").warning("Redis is not heard (%s)", "ValueError")
    assert len(written) == 4
    assert "KeyError" in written[0]


def test_a_task_that_is_sent_shows_that_the_broker_is_back(written):
    fail("celery.beat")
    with app.connection_for_write("memory://") as connection:
        app.send_task("tests.nothing", connection=connection)
    assert "the broker answers again" in written[-1]


def test_a_worker_that_is_connected_again_shows_that_the_broker_is_back(written):
    fail("celery.worker.consumer.consumer")
    assert BrokerAnswers in app.steps["consumer"]
    BrokerAnswers(None).start(None)
    assert "the broker answers again" in written[-1]


@pytest.mark.parametrize("keeps_words", [True, False])
def test_the_site_logs_through_it(keeps_words):
    told = logs.configuration(level="INFO", form="text", keeps_words=keeps_words)
    assert "outages" in told["handlers"]["stderr"]["filters"]
