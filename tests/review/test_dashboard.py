"""The dashboard: what it counts, day by day and against the days before, and who may look at it."""

import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from support_site.chat.models import Conversation, Message, Turn
from support_site.review import services
from support_site.review.charts import Chart, Series, round_above
from support_site.review.dashboard import Figures, Wait, overview
from support_site.review.panels import tiles
from tests.review.memories import remembered

pytestmark = pytest.mark.django_db

PAGE = "/admin/dashboard/"


@pytest.fixture
def happen(alice):
    """Turns of one conversation, begun and ended so many days ago."""

    def happen(*, days_ago=0, **facts):
        at = timezone.now() - timedelta(days=days_ago)
        conversation = Conversation.objects.create(account=alice.account, title="Hello")
        turn = Turn.objects.create(
            conversation=conversation, **{"status": "done", "started_at": at, "finished_at": at} | facts
        )
        Conversation.objects.filter(pk=conversation.pk).update(created_at=at)
        Turn.objects.filter(pk=turn.pk).update(created_at=at)
        return turn

    return happen


@pytest.fixture
def vote():
    def vote(turn, rating):
        at = turn.finished_at
        place = {"conversation": turn.conversation, "turn": turn, "position": 2, "role": "agent"}
        return Message.objects.create(text="Yes.", rating=rating, rated_at=at, **place)

    return vote


def test_turns_are_counted_by_how_they_ended(happen):
    for facts in (
        {},
        {"status": "stopped"},
        {"status": "failed"},
        {"handed_off": True},
        {"status": "queued", "started_at": None},
        {"status": "done", "started_at": None},  # a person had the conversation before the agent could begin
    ):
        happen(**facts)
    counts = overview(7).now.counts
    assert {name: counts[name] for name in ("conversations", "turns")} == {"conversations": 6, "turns": 6}
    assert [counts[name] for name in ("answered", "handed_over", "stopped", "failed")] == [1, 1, 1, 1]
    assert overview(7).now.answered_share == 0.25


def test_a_day_holds_what_happened_in_it_and_the_days_before_are_compared(happen):
    happen()
    happen(days_ago=6)
    happen(days_ago=7)
    happen(days_ago=13)
    happen(days_ago=14)
    told = overview(7)
    assert [day.counts["turns"] for day in told.days.values()] == [1, 0, 0, 0, 0, 0, 1]
    assert (told.now.counts["turns"], told.before.counts["turns"]) == (2, 2)
    assert list(told.days)[-1] == timezone.localdate()


def test_half_of_the_replies_began_within_the_median(happen):
    for place in range(20):
        happen(first_word_ms=100 * (place + 1))
    happen(first_word_ms=730, days_ago=8)
    happen(first_word_ms=None)
    told = overview(7)
    assert told.now.wait == told.days[timezone.localdate()].wait == Wait(median=1000, slow=1900)
    assert told.before.wait == Wait(median=700, slow=700)


def test_tokens_cost_what_the_settings_say(happen, settings):
    settings.MODEL_INPUT_PRICE, settings.MODEL_OUTPUT_PRICE = Decimal("0.25"), Decimal(2)
    happen(input_tokens=1_000_000, output_tokens=500_000)
    assert overview(7).now.cost == Decimal("1.25")


def test_thumbs_are_counted_and_a_vote_that_was_taken_back_is_not(happen, vote):
    for rating in ("up", "up", "down"):
        vote(happen(), rating)
    Message.objects.filter(rating="down").update(rated_at=None, rating="")
    vote(happen(), "down")
    counts = overview(7).now.counts
    assert (counts["up"], counts["down"]) == (2, 1)


@pytest.mark.parametrize("are_kept", [True, False])
def test_memories_are_counted_by_what_was_done_to_them_whether_old_values_are_kept_or_not(
    alice, sam, settings, are_kept
):
    settings.LEDGER_KEEPS_OLD_VALUES = are_kept

    def edit(memory, text):
        services.edit(memory.pk, text=text, kind="fact", seen=memory.digest, by=sam, reason="asked")

    tea, bees, vip = (remembered(alice, text) for text in ("likes tea", "keeps bees", "is a VIP"))
    remembered(alice, "says obey", status="quarantined")
    services.approve([tea.pk], by=sam, reason="right")
    services.expire([tea.pk], until=timezone.now(), by=sam, reason="soon over")
    edit(bees, "keeps bees and wasps")
    services.quarantine([vip.pk], by=sam, reason="is not")
    services.approve([vip.pk], by=sam, reason="is after all")
    remembered(alice, "is a VIP", superseded_by="newer")
    services.delete([tea.pk], by=sam, reason="asked")
    counts = overview(7).now.counts
    told = {name: counts[name] for name in ("learned", "corrected", "quarantined", "forgotten")}
    assert told == {"learned": 4, "corrected": 2, "quarantined": 2, "forgotten": 1}


def test_the_secrets_that_the_site_plants_to_watch_itself_are_not_counted(alice):
    remembered(alice, "likes tea")
    type(alice.account).objects.filter(pk=alice.account_id).update(is_synthetic=True)
    assert overview(7).now.counts["learned"] == 0


def test_the_number_of_queries_does_not_grow_with_what_happened(happen, vote, alice, desk):
    def asked():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert desk.get(PAGE, {"days": 90}).status_code == 200
        return len(queries)

    happen()
    few = asked()
    for days_ago in range(12):
        vote(happen(days_ago=days_ago, first_word_ms=5), "up")
        remembered(alice, f"likes {days_ago}")
    assert asked() == few


def test_the_page_draws_every_chart_with_words_and_a_table_and_no_style(happen, vote, alice, desk):
    vote(happen(first_word_ms=1234, input_tokens=9, output_tokens=3), "up")
    remembered(alice, "likes tea")
    html = desk.get(PAGE).content.decode()
    main = html[html.index('<div class="dashboard"') : html.index("</main>")]
    assert [main.count(part) for part in ("<svg", "<desc", "<table>")] == [6, 6, 6]
    assert "1.2 s" in main
    assert not re.search(r"style=|<style|<script|onclick", main)


def test_an_unknown_range_is_the_usual_one(desk, happen):
    happen(days_ago=20)
    assert "Nothing has happened in the last 7 days" in desk.get(PAGE, {"days": 7}).content.decode()
    assert desk.get(PAGE, {"days": "9; DROP"}).context["length"] == 30


def test_only_staff_who_may_see_turns_see_the_dashboard(reader, alice, rita):
    assert reader.get(PAGE).status_code == 200
    assert "/admin/dashboard/" in reader.get("/admin/").content.decode()
    rita.user_permissions.clear()
    assert reader.get(PAGE).status_code == 403
    assert "/admin/dashboard/" not in reader.get("/admin/").content.decode()
    customer = Client()
    customer.force_login(alice)
    assert customer.get(PAGE).status_code == 302


def test_a_chart_piles_its_bars_up_and_lifts_the_pen_where_nothing_was_measured():
    days = [timezone.localdate() - timedelta(days=past) for past in (2, 1, 0)]
    bars = [Series(name="Up", tone="good", values=[1, 0, 3]), Series(name="Down", tone="bad", values=[2, 0, 1])]
    chart = Chart(title="Thumbs", days=days, bars=bars, lines=[Series(name="Mean", tone="strong", values=[4, None, 2])])
    assert chart.top == 4
    assert [(bar.tone, bar.x, bar.y, bar.height) for bar in chart.rectangles] == [
        ("good", 0.75, 75, 25), ("good", 20.75, 25, 75), ("bad", 0.75, 25, 50), ("bad", 20.75, 0, 25),
    ]  # fmt: skip
    assert [line.path for line in chart.paths] == ["M2.0 0.0h6 M22.0 50.0h6"]
    assert chart.rows[1].cells == ["0", "0", "—"]


@pytest.mark.parametrize(
    ("value", "above"), [(0, 0), (1, 1), (3, 4), (7, 8), (9, 10), (11, 20), (0.03, 0.04), (600, 600)]
)
def test_an_axis_ends_at_a_round_number(value, above):
    assert round_above(value) == pytest.approx(above)


def test_a_tile_says_what_changed_and_whether_that_is_good():
    was = Figures(counts=Counter(turns=100, handed_over=10, answered=90), wait=Wait(900, 1))
    now = Figures(counts=Counter(turns=150, handed_over=5, answered=145), wait=Wait(1800, 1))
    told = {tile.name: tile for tile in tiles(_Told(now, was), is_priced=False)}
    assert (told["Turns"].value, told["Turns"].change, told["Turns"].tone) == ("150", "▲ 50 %", "")
    assert (told["Handed to a person"].change, told["Handed to a person"].tone) == ("▼ 50 %", "good")
    assert (told["Time to first word"].value, told["Time to first word"].tone) == ("1.8 s", "bad")
    assert (told["Answered by the agent alone"].value, told["Answered by the agent alone"].change) == (
        "97 %",
        "▲ 7 points",
    )
    assert told["Thumbs up"].value == "—"


class _Told:
    """Two periods and no days."""

    def __init__(self, now, before):
        self.now, self.before = now, before
