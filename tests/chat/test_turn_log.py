"""The contract of a turn log, written once; every filling is a short subclass."""

import asyncio
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from support_site.chat.log import Append, Fenced, SqlTurnLog
from support_site.chat.models import Turn, TurnEvent
from support_site.chat.tailing import follow


class TurnLogContract:
    """Subclasses give a fixture ``log``."""

    def test_entries_come_back_numbered_and_in_order(self, log, turn):
        log.append(turn.pk, 1, {"type": "a"})
        log.append(turn.pk, 2, {"type": "b"}, {"type": "c"})
        assert log.read(turn.pk) == [(1, {"type": "a"}), (2, {"type": "b"}), (3, {"type": "c"})]
        assert log.last_seq(turn.pk) == 3

    def test_reading_begins_behind_the_cursor_and_ends_at_the_limit(self, log, turn):
        log.append(turn.pk, 1, *({"type": str(number)} for number in range(1, 11)))
        assert [seq for seq, _ in log.read(turn.pk, 4, 3)] == [5, 6, 7]
        assert log.read(turn.pk, 10) == []

    def test_an_empty_log_ends_at_nought(self, log, turn):
        assert (log.last_seq(turn.pk), log.read(turn.pk)) == (0, [])

    def test_a_number_that_is_taken_fences_the_writer_and_nothing_of_it_is_written(self, log, turn):
        log.append(turn.pk, 1, {"by": "first"}, {"by": "first"})
        with pytest.raises(Fenced):
            log.append(turn.pk, 2, {"by": "zombie"}, {"by": "zombie"})
        assert [event["by"] for _, event in log.read(turn.pk)] == ["first", "first"]

    def test_of_appends_to_several_turns_each_is_written_or_fenced_by_itself(self, log, turn, other_turn):
        log.append(other_turn.pk, 1, {"by": "first"})
        ours = Append(turn.pk, 1, ({"by": "us"}, {"by": "us"}))
        late = Append(other_turn.pk, 1, ({"by": "zombie"}, {"by": "zombie"}))
        assert [type(refusal) for refusal in log.append_all([ours, late])] == [type(None), Fenced]
        assert [entry.event["by"] for entry in log.read(turn.pk)] == ["us", "us"]
        assert [entry.event["by"] for entry in log.read(other_turn.pk)] == ["first"]

    def test_of_many_writers_of_one_number_one_wins(self, log, turn):
        from django.db import connection

        outcomes = []

        def write(name):
            try:
                log.append(turn.pk, 1, {"by": name}, {"by": name})
                outcomes.append(name)
            except Fenced:
                outcomes.append("fenced")
            finally:
                connection.close()

        threads = [threading.Thread(target=write, args=(number,)) for number in range(10)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert outcomes.count("fenced") == 9
        assert len({event["by"] for _, event in log.read(turn.pk)}) == 1

    def test_logs_of_different_turns_are_apart(self, log, turn, other_turn):
        log.append(turn.pk, 1, {"type": "a"})
        log.append(other_turn.pk, 1, {"type": "b"})
        assert log.read(turn.pk) == [(1, {"type": "a"})]

    def test_whoever_watches_hears_of_an_append_from_another_thread_at_once(self, log, turn):
        async def watch():
            with log.watch(turn.pk) as news:
                asyncio.get_running_loop().call_later(0.05, threading.Thread(target=write).start)
                started = asyncio.get_running_loop().time()
                await asyncio.wait_for(news.wait(), 20)
                return asyncio.get_running_loop().time() - started

        def write():
            from django.db import connection

            log.append(turn.pk, 1, {"type": "a"})
            connection.close()

        assert asyncio.run(watch()) < 0.5

    def test_whoever_follows_gets_what_there_is_and_what_comes_until_the_turn_ends(self, log, turn):
        log.append(turn.pk, 1, {"type": "a"}, {"type": "b"})

        async def collect():
            from support_site.threads import in_thread

            async def write():
                await in_thread(log.append)(turn.pk, 3, {"type": "turn.done", "status": "waiting"})
                await asyncio.sleep(0.02)
                await in_thread(log.append)(turn.pk, 4, {"type": "c"}, {"type": "turn.done", "status": "done"})

            writing = asyncio.create_task(write())
            got = [entry.seq async for entry in follow(log, turn.pk, 1)]
            await writing
            return got

        assert asyncio.run(asyncio.wait_for(collect(), 10)) == [2, 3, 4, 5]

    def test_what_is_forgotten_is_gone(self, log, turn, other_turn):
        for each in (turn, other_turn):
            log.append(each.pk, 1, {"type": "a"}, {"type": "b"})
        assert log.forget([turn.pk]) == 2
        assert (log.last_seq(turn.pk), log.last_seq(other_turn.pk)) == (0, 2)


@pytest.mark.django_db(transaction=True)
class TestSqlTurnLog(TurnLogContract):
    @pytest.fixture
    def log(self):
        return SqlTurnLog()

    @pytest.fixture
    def turn(self, conversation):
        return Turn.objects.create(conversation=conversation)

    @pytest.fixture
    def other_turn(self, conversation):
        return Turn.objects.create(conversation=conversation)

    def test_a_log_is_swept_some_time_after_its_turn_has_ended(self, log, turn, other_turn):
        for each in (turn, other_turn):
            log.append(each.pk, 1, {"type": "a"})
        Turn.objects.filter(pk=turn.pk).update(status="done", finished_at=timezone.now() - timedelta(hours=2))
        assert log.sweep(timedelta(hours=1)) == 1
        assert (log.read(turn.pk), len(log.read(other_turn.pk))) == ([], 1)

    def test_what_another_process_writes_is_found_without_being_woken(self, log, turn):
        """A writer that is not this process wakes nobody here."""
        entry = {"type": "turn.done", "status": "done"}

        async def collect():
            writing = asyncio.get_running_loop().call_later(
                0.2, threading.Thread(target=write_elsewhere, args=(turn.pk, 1, entry)).start
            )
            got = [each.event async for each in follow(log, turn.pk, look_again=(0.02, 0.1))]
            writing.cancel()
            return got

        assert asyncio.run(asyncio.wait_for(collect(), 10)) == [entry]


def write_elsewhere(turn_id, seq, entry):
    from django.db import connection

    TurnEvent.objects.create(turn_id=turn_id, seq=seq, event=entry)
    connection.close()
