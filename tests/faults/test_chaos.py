"""Every part of the service is killed while six customers are served, each at another point of a turn, and started
again: nobody writes twice, gets two replies or an order cancelled twice, and what was streamed is what is kept.

One kill is shared by the six points, so the matrix of 30 takes five kills.
"""

from functools import cache

import pytest

from tests.faults.browser import Browser
from tests.faults.held import IN_TOOL, LAST_EVENT
from tests.faults.stage import HELD_BEHIND, PARTS, shop
from tests.parts import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.service]

POINTS = ["waiting for a click", "inside a tool call", "queued", "first delta", "middle", "last event"]


class Scene:
    """One part killed; six conversations, each brought to its point before and to its end afterwards."""

    def __init__(self, service, model, part):
        self.service, self.model, self.part = service, model, part
        self.pages = {point: service.new_page(part) for point in POINTS}
        self.orders = dict(zip(POINTS[:2], (order for order in shop()["users"][part]["orders"]), strict=True))
        self.turns, self.troubles, self.written = {}, {}, {}

    def play(self):
        self.model.let_go.clear()
        for point, page in self.pages.items():
            page.open()
            self.bring_to(point, page)
        self.service.kill(self.part)
        self.service.parts[self.part].start()
        self.model.let_go.set()
        for place in (IN_TOOL, LAST_EVENT):
            (self.service.holds / place).unlink()
        self.service.parts[self.part].wait()
        for point, page in self.pages.items():
            try:
                self.bring_to_the_end(point, page)
            except Exception as trouble:  # noqa: BLE001  raised in the test of its own point
                self.troubles[point] = trouble
        return self

    def ask(self, point):
        story = f"Tell me a story: {point}"
        text = f"Please cancel {self.orders[point]} for me" if point in self.orders else story
        self.turns[point] = [self.pages[point].ask(text)]

    def bring_to(self, point, page):
        if point == "last event":
            self.hold(LAST_EVENT, lambda: self.ask(point))
            page.until(lambda frame: "word29" in "".join(page.shown.values()))
            self.written[point] = page.shown  # all of it was told; the page may learn the rest from what is kept
            return
        self.ask(point)
        [turn] = self.turns[point]
        if point in self.orders:
            page.until_event("turn.done", status="waiting")
        if point == "inside a tool call":
            self.hold(IN_TOOL, lambda: page.decide(turn))
        elif point == "queued":
            page.until_event("message.delta")
            self.turns[point].append(page.ask("And another story"))
        elif point in HELD_BEHIND:
            page.until(lambda frame: f"word{HELD_BEHIND[point] - 2}" in "".join(page.shown.values()))

    def hold(self, place, act):
        (self.service.holds / place).touch()
        act()
        wait_until((self.service.holds / place).with_suffix(".held").exists, told=place)

    def bring_to_the_end(self, point, page):
        if point == "waiting for a click":
            page.close()
            page = self.pages[point] = Browser(page.address, page.session, page.conversation)
            page.open()
            if not page.actions:
                page.until(lambda frame: page.actions)
        page.close()
        page.open()
        if point == "waiting for a click":
            page.decide(self.turns[point][0])
        for turn in self.turns[point]:
            page.until_status(turn, "done")
        if not self.is_whole(point, page):
            page.until(lambda frame: self.is_whole(point, page), 10)
        page.close()

    def is_whole(self, point, page):
        """Whether the page shows what is kept and was told it as it was written, unless that was lost with Redis."""
        return page.shown == self.kept(page) and bool(self.streamed(point, page) or self.part == "Redis")

    def streamed(self, point, page):
        return self.written.get(point, {}) | page.streamed

    def kept(self, page):
        """{message id: HTML} of the agent's messages."""
        agents = "select id::text, html from chat_message where conversation_id = %s and role = 'agent'"
        return dict(self.service.query(agents, page.conversation))


@pytest.fixture(scope="module")
def scenes(service, model):
    """The scene of each part, played when it is first asked for."""
    return cache(lambda part: Scene(service, model, part).play())


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_lost_or_doubled_whatever_dies_whenever(service, scenes, part, point):
    scene = scenes(part)
    page = scene.pages[point]
    if point in scene.troubles:
        raise AssertionError(f"{scene.troubles[point]!r}\n{service.log}")
    said = service.query("select role, turn_id::text from chat_message where conversation_id = %s", page.conversation)
    turns = dict(service.query("select id::text, status from chat_turn where conversation_id = %s", page.conversation))
    assert turns == dict.fromkeys(scene.turns[point], "done")
    assert sorted(said) == sorted((role, turn) for role in ("agent", "customer") for turn in turns), "one of each"
    assert page.shown == scene.kept(page)
    streamed = scene.streamed(point, page)
    assert streamed or part == "Redis"
    assert streamed.items() <= page.shown.items(), "what was streamed is what is kept"
    if point in scene.orders:
        written = (
            "select count(*) from memory_recordchange c join memory_record r on r.id = c.record_id"
            " where r.key_text = %s and c.turn_id = %s"
        )
        assert service.query(written, scene.orders[point], scene.turns[point][0]) == [(1,)]
        status = "select status from chat_action where turn_id = %s"
        assert service.query(status, scene.turns[point][0]) == [("applied",)]
