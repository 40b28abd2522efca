import pytest

from tests.web import frames as f
from tests.web.frames import OTHER, TURN

pytestmark = pytest.mark.browser

TOLD = """async ({origin, frames, outbox}) => {
  const {initial, reduce, cursors} = await import(`${origin}/chat/reducer.js`);
  const {entries} = await import(`${origin}/chat/entries.js`);
  let state = initial();
  for (const frame of frames) state = reduce(state, frame);
  const shown = entries(state, outbox).map(line);
  return {shown, cursors: cursors(state), gap: state.gap, title: state.title, needsPerson: state.needsPerson};

  function line({kind, key, message, mark, label, card, action, item, status, text}) {
    const html = message?.streaming ? message.blocks.join("") : message?.html;
    if (kind === "message") return [message.role, html, mark].filter(Boolean);
    if (kind === "work") return ["works", label];
    if (kind === "card") return ["card", card.title];
    if (kind === "action") return ["action", action.status, (action.receipt ?? action.preview).title];
    if (kind === "sent") return ["sent", item.text];
    return [status, text];
  }
}"""


@pytest.fixture
def told(page, static_address):
    """What the page shows after some frames."""

    def play(*frames, outbox=()):
        flat = [each for frame in frames for each in (frame if isinstance(frame, list) else [frame])]
        return page.evaluate(TOLD, {"origin": static_address, "frames": flat, "outbox": list(outbox)})

    return play


ASKED = f.kept("c1", 1, "customer", text="Where is it?", turn=TURN)
REPLY = [
    f.started(),
    f.tool_start("Looking up order #W1"),
    f.tool_done(),
    f.begun(),
    f.delta("<p>It is</p>"),
    f.delta("<p>It is on</p>"),
    f.delta("<p>It is on its way.</p>", "<p>Tomo</p>"),
    f.delta("<p>Tomorrow.</p>", start=1),
    f.done("It is on its way. Tomorrow."),
    f.turn_done(),
]
RUNNING = f.turn(TURN, "running", seq=0)


def test_the_label_of_a_tool_is_shown_while_it_works_and_then_the_words(told):
    at = f.snapshot(ASKED, turns=(RUNNING,))
    assert told(at)["shown"][-1] == ["works", "Thinking"]
    assert told(at, f.log(*REPLY[:2]))["shown"][-1] == ["works", "Looking up order #W1"]
    assert told(at, f.log(*REPLY[:4]))["shown"][-1] == ["works", "Thinking"]
    assert told(at, f.log(*REPLY[:7]))["shown"][1:] == [["agent", "<p>It is on its way.</p><p>Tomo</p>"]]
    assert told(at, f.log(*REPLY[:8]))["shown"][1:] == [["agent", "<p>It is on its way.</p><p>Tomorrow.</p>"]]


def test_nothing_flickers_between_the_last_word_and_the_end(told):
    at = f.snapshot(ASKED, turns=(RUNNING,))
    assert told(at, f.log(*REPLY[:-1]))["shown"] == told(at, f.log(*REPLY))["shown"]
    assert told(at, f.log(f.started(), f.begun(), f.done("Let me look."), f.tool_start("Looking"), f.tool_done()))[
        "shown"
    ][-1] == ["works", "Thinking"]


@pytest.mark.parametrize("cut", range(len(REPLY)))
def test_a_socket_cut_at_any_event_shows_the_same_in_the_end(told, cut):
    log, at = f.log(*REPLY), f.snapshot(ASKED, turns=(RUNNING,))
    whole = told(at, log)
    assert told(at, log[:cut], at, log[cut:])["shown"] == whole["shown"]
    assert told(at, log[:cut], at, log[max(0, cut - 3) :])["shown"] == whole["shown"]


@pytest.mark.parametrize("cut", range(len(REPLY)))
def test_a_reply_that_ended_while_the_socket_was_away_is_shown_once(told, cut):
    log = f.log(*REPLY)
    answer = f.kept("m1", 2, text="It is on its way. Tomorrow.", turn=TURN)
    shown = told(f.snapshot(ASKED, turns=(RUNNING,)), log[:cut], f.snapshot(ASKED, answer), log[cut:])["shown"]
    assert shown == [["customer", "<p>Where is it?</p>"], ["agent", "<p>It is on its way. Tomorrow.</p>"]]


def test_events_that_were_seen_are_ignored(told):
    log = f.log(*REPLY)
    at = f.snapshot(ASKED, turns=(RUNNING,))
    assert told(at, log[:5], log[:5], log[3:])["shown"] == told(at, log)["shown"]


def test_a_missing_event_is_noticed_and_nothing_is_shown_out_of_order(told):
    log = f.log(*REPLY)
    holed = told(f.snapshot(ASKED, turns=(RUNNING,)), log[:5], log[6:8])
    assert holed["gap"]
    assert holed["cursors"] == {TURN: 5}
    assert holed["shown"][-1] == ["agent", "<p>It is</p>"]


def test_after_a_second_hello_a_log_that_begins_later_is_taken_as_it_is(told):
    log, at = f.log(*REPLY), f.snapshot(ASKED, turns=(RUNNING,))
    healed = told(at, log[:5], log[6:8], at, log[6:])
    assert not healed["gap"]
    assert healed["shown"] == told(at, log)["shown"]


def test_what_was_being_written_when_the_log_was_lost_is_replaced_by_what_the_new_one_tells(told):
    log, at = f.log(*REPLY), f.snapshot(ASKED, turns=(RUNNING,))
    anew = f.log(f.started(2), f.begun("m2"), f.delta("<p>Again</p>", message_id="m2"), first=100_001)
    shown = told(at, log[:5], anew[:1], at, anew)["shown"]
    assert shown[1:] == [["agent", "<p>Again</p>"]]


def test_a_new_attempt_replaces_what_the_dead_one_wrote(told):
    anew = [
        {"type": "turn.attempt", "attempt": 2, "discard": ["m1"]},
        f.begun("m2"),
        f.delta("<p>Again</p>", message_id="m2"),
    ]
    shown = told(f.snapshot(ASKED, turns=(RUNNING,)), f.log(*REPLY[:6], *anew))["shown"]
    assert shown[1:] == [["agent", "<p>Again</p>"]]


def test_a_kept_message_replaces_what_was_streamed(told):
    streamed = (f.snapshot(ASKED, turns=(RUNNING,)), f.log(*REPLY[:6]))
    assert told(*streamed, f.message("m1", 2, text="Final.", turn=TURN))["shown"][1] == ["agent", "<p>Final.</p>"]


def test_what_the_site_says_is_never_taken_for_markup_of_the_page(told):
    late = f.log(f.delta("<p>late</p>"), first=7)
    kept = f.message("m1", 2, text="Final.", turn=TURN)
    assert told(f.snapshot(ASKED, turns=(RUNNING,)), f.log(*REPLY[:6]), kept, late)["shown"][1] == [
        "agent",
        "<p>Final.</p>",
    ]


def test_a_message_written_meanwhile_stands_behind_the_answer_and_is_marked_as_queued(told):
    second = f.message("c2", 3, "customer", text="Hello?", turn=OTHER)
    queued = (f.snapshot(ASKED, turns=(RUNNING,)), f.log(*REPLY[:6]), second, f.turn_changed(OTHER, "queued"))
    assert told(*queued)["shown"] == [
        ["customer", "<p>Where is it?</p>"],
        ["agent", "<p>It is on</p>"],
        ["customer", "<p>Hello?</p>", "queued"],
    ]
    ended = told(*queued, f.log(*REPLY[6:], first=7), f.turn_changed(OTHER, "running"))["shown"]
    assert ended[2:] == [["customer", "<p>Hello?</p>"], ["works", "Thinking"]]


def test_what_is_not_sent_yet_stands_last(told):
    item = {"id": "x", "text": "One more", "status": "waiting", "at": "2026-03-01T12:00:00Z"}
    assert told(f.snapshot(ASKED, turns=(RUNNING,)), outbox=[item])["shown"][-1] == ["sent", "One more"]


def test_an_action_waits_is_decided_and_shows_its_receipt_once(told):
    waiting = (f.snapshot(ASKED, turns=(RUNNING,)), f.log(f.started(), f.proposed(), f.turn_done("waiting")))
    assert told(*waiting)["shown"][1:] == [["action", "proposed", "Cancel order #W1"]]
    receipt = {"type": "receipt", **f.RECEIPT}
    after = f.log(f.started(2), f.tool_done(card=receipt), f.decided("applied"), f.begun(), f.done("Done."), first=4)
    done = [["action", "applied", "Order #W1 is cancelled"], ["agent", "<p>Done.</p>"]]
    assert told(*waiting, after)["shown"][1:] == done
    kept = f.message("m1", 2, text="Done.", turn=TURN, cards=[receipt])
    ended = told(*waiting, after, kept, f.log(f.turn_done(), first=9))["shown"]
    assert ended == [["customer", "<p>Where is it?</p>"], ["agent", "<p>Done.</p>"]]


def test_a_proposal_made_anew_is_open_again(told):
    twice = f.log(f.started(), f.proposed("d1"), f.decided("confirmed"), f.proposed("d2"))
    assert told(f.snapshot(ASKED, turns=(RUNNING,)), twice)["shown"][1][:2] == ["action", "proposed"]


def test_an_open_proposal_of_a_turn_that_ended_is_withdrawn(told):
    ended = f.log(f.started(), f.proposed(), f.turn_done("done"))
    assert told(f.snapshot(ASKED, turns=(RUNNING,)), ended)["shown"][1][:2] == ["action", "withdrawn"]


def test_a_waiting_proposal_is_there_again_after_a_reload(told):
    log = f.log(f.started(), f.begun(), f.done("Shall I?"), f.proposed(), f.turn_done("waiting"))
    kept = f.kept("m1", 2, text="Shall I?", turn=TURN)
    shown = told(f.snapshot(ASKED, kept, turns=(f.turn(TURN, "waiting", seq=5),)), log)["shown"]
    assert shown[1:] == [["agent", "<p>Shall I?</p>"], ["action", "proposed", "Cancel order #W1"]]


FAILED = {"code": "model_timeout", "message": "That took too long."}


def test_a_failed_turn_says_why_and_keeps_what_was_written(told):
    ended = f.log(*REPLY[:6], f.turn_done("failed", FAILED))
    shown = told(f.snapshot(ASKED, turns=(RUNNING,)), ended)["shown"]
    assert shown[1:] == [["agent", "<p>It is on</p>"], ["failed", "That took too long."]]


def test_what_was_stopped_stays_whether_the_log_or_the_kept_message_comes_first(told):
    kept = f.message("m1", 2, text="It is on", turn=TURN, stopped=True)
    end = f.log(f.done("It is on"), f.turn_done("stopped"), first=7)
    begun = (f.snapshot(ASKED, turns=(RUNNING,)), f.log(*REPLY[:6]))
    shown = [["customer", "<p>Where is it?</p>"], ["agent", "<p>It is on</p>"], ["stopped", ""]]
    assert told(*begun, kept, end)["shown"] == shown
    assert told(*begun, end, kept)["shown"] == shown


def test_what_was_stopped_and_kept_keeps_its_mark_when_the_log_is_told_again(told):
    stopped = f.kept("m1", 2, text="It is on", turn=TURN, stopped=True)
    at = f.snapshot(ASKED, stopped, turns=(f.turn(TURN, "stopped"),))
    again = f.log(*REPLY[:6], f.done("It is on"), f.turn_done("stopped"))
    assert told(at, again)["shown"] == told(at)["shown"]
    assert told(at)["shown"][-1] == ["stopped", ""]


def test_a_turn_tried_again_drops_what_was_cut_short(told):
    failed = f.log(*REPLY[:6], f.turn_done("failed", FAILED))
    shown = told(f.snapshot(ASKED, turns=(RUNNING,)), failed, f.turn_changed(TURN, "queued"))["shown"]
    assert shown == [["customer", "<p>Where is it?</p>"], ["works", "Thinking"]]


def test_a_turn_that_fails_again_can_be_tried_again(told):
    failed = f.log(f.started(), f.turn_done("failed", FAILED))
    retry = ({"type": "local.retrying", "turn": TURN}, {"type": "ack", "id": TURN, "turn": TURN, "status": "accepted"})
    again = (f.turn_changed(TURN, "queued"), f.log(f.started(2), f.turn_done("failed", FAILED), first=3))
    assert told(f.snapshot(ASKED, turns=(RUNNING,)), failed, *retry, *again)["shown"][-1][0] == "failed"


def test_only_the_last_turn_is_offered_again(told):
    failed = f.log(f.started(), f.turn_done("failed", FAILED))
    later = f.message("c2", 2, "customer", text="Never mind", turn=OTHER)
    shown = told(f.snapshot(ASKED, turns=(RUNNING,)), failed, later, f.turn_changed(OTHER, "done"))["shown"]
    assert shown == [["customer", "<p>Where is it?</p>"], ["customer", "<p>Never mind</p>"]]


def test_a_noted_memory_is_shown_beside_the_answer_once(told):
    card = {
        "type": "memory",
        "title": "I noted",
        "lines": [{"label": "", "value": "Called Bob"}],
        "amount": None,
        "note": "",
    }
    live = (f.snapshot(ASKED, turns=(RUNNING,)), f.log(f.started(), f.tool_done(card=card)))
    assert told(*live)["shown"][1] == ["card", "I noted"]
    kept = f.message("m1", 2, text="I will.", turn=TURN, cards=[card])
    assert ["card", "I noted"] not in told(*live, kept)["shown"]


def test_a_hand_over_is_seen_at_once(told):
    assert told(f.snapshot(ASKED, turns=(RUNNING,)), f.log(f.started(), {"type": "handed.off"}))["needsPerson"]


def test_a_person_who_takes_over_and_hands_back_is_shown_at_once(told):
    frames = [f.snapshot(ASKED), {"type": "person", "needs_person": True}]
    assert told(*frames)["needsPerson"]
    assert not told(*frames, {"type": "person", "needs_person": False})["needsPerson"]


def test_the_first_message_gives_the_conversation_its_title(told):
    long = "x" * 100
    assert told(f.snapshot(), f.message("c1", 1, "customer", text=long))["title"] == "x" * 79 + "…"
    assert told(f.snapshot(ASKED, title="Kept title"))["title"] == "Kept title"


def test_a_frame_of_a_kind_not_known_yet_changes_nothing(told):
    at, log = f.snapshot(ASKED, turns=(RUNNING,)), f.log(*REPLY)
    news = f.log({"type": "weather", "rain": True})
    later = f.log(*REPLY, first=2)
    assert told(at, {"type": "weather"}, news, later)["shown"] == told(at, log)["shown"]
