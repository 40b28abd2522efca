"""What a person sees, hears and can do on the conversation page."""

import pytest
from playwright.sync_api import expect

from tests.web import frames as f
from tests.web.frames import OTHER, TURN

pytestmark = pytest.mark.browser

ASKED = f.kept("c1", 1, "customer", text="Where is it?", turn=TURN)
RUNNING = f.turn(TURN, "running", seq=0)
EVIL = "<img src=x onerror=alert(1)><script>alert(1)</script>"


@pytest.fixture
def asked(site):
    """The page while a turn runs."""
    opened = site(kept=[ASKED])
    opened.snapshot = f.snapshot(ASKED, turns=(RUNNING,))
    opened.open().ready()
    expect(opened.page.get_by_text("Thinking")).to_be_visible()
    return opened


def test_enter_sends_shift_enter_breaks_the_line_and_nothing_is_not_sent(site):
    site = site().open().ready()
    field = site.page.get_by_label("Your message")
    field.press("Enter")
    field.type("One")
    field.press("Shift+Enter")
    field.type("Two")
    field.press("Enter")
    site.wait(lambda: site.said("message.send"))
    assert [frame["text"] for frame in site.said("message.send")] == ["One\nTwo"]
    expect(field).to_have_value("")


def test_a_text_that_is_too_long_is_counted_and_not_sent(site):
    site = site().open().ready()
    field = site.page.get_by_label("Your message")
    field.fill("x" * 7990)
    expect(site.page.get_by_text("10 characters left")).to_be_visible()
    field.fill("🌰" * 8001)
    expect(site.page.get_by_text("1 characters too many")).to_be_visible()
    expect(site.page.get_by_role("button", name="Send")).to_be_disabled()
    field.press("Enter")
    field.fill("x" * 100)
    expect(site.page.locator("[data-count]")).to_be_hidden()
    assert site.said("message.send") == []


def test_the_field_grows_with_the_text_and_escape_leads_back_to_it(site):
    site = site().open().ready()
    field = site.page.get_by_label("Your message")
    low = field.bounding_box()["height"]
    field.fill("a\nb\nc\nd")
    assert field.bounding_box()["height"] > low + 40
    site.page.get_by_role("region", name="Conversation").focus()
    site.page.keyboard.press("Escape")
    expect(field).to_be_focused()


def test_what_the_site_rendered_is_shown_before_the_socket_and_once_after_it(site):
    site = site(kept=[ASKED, f.kept("m1", 2, text="On its way.", turn=TURN)])
    site.answers_hello = False
    site.open().ready()
    expect(site.page.locator(".entry")).to_have_count(2)
    site.say(f.ready(), f.snapshot(*site.kept, title="Where is it?"))
    expect(site.page).to_have_title("Where is it? · Acorn Support")
    expect(site.page.locator(".entry")).to_have_count(2)
    expect(site.page.locator("[data-server]")).to_have_count(0)


def test_words_appear_as_they_come_and_the_label_of_a_tool_while_it_works(asked):
    asked.say(f.log(f.started(), f.tool_start("Looking up order #W1")))
    expect(asked.page.get_by_text("Looking up order #W1")).to_be_visible()
    asked.say(f.log(f.tool_done(), f.begun(), f.delta("<p>It is <strong>on</strong></p>"), first=3))
    expect(asked.page.locator(".entry.agent strong")).to_have_text("on")
    expect(asked.page.locator(".work")).to_have_count(0)


def test_a_settled_block_is_not_touched_again(asked):
    asked.say(f.log(f.started(), f.begun(), f.delta("<p>First</p>", "<p>Sec</p>")))
    asked.page.get_by_text("First").evaluate("element => element.dataset.mine = 'yes'")
    asked.say(f.log(f.delta("<p>Second</p>", start=1), first=4))
    expect(asked.page.get_by_text("Second")).to_be_visible()
    expect(asked.page.get_by_text("First")).to_have_attribute("data-mine", "yes")


def test_a_screen_reader_hears_whole_messages_and_no_single_words(asked):
    announcer = asked.page.locator("[data-announcer]")
    asked.say(f.log(f.started(), f.begun(), f.delta("<p>It is</p>")))
    expect(asked.page.get_by_text("It is")).to_be_visible()
    expect(announcer).to_have_text("")
    asked.say(f.log(f.done("It is here."), first=4))
    expect(announcer).to_have_text("Acorn Support: It is here.")


def test_stop_is_offered_while_a_turn_runs(asked):
    asked.say(f.log(f.started()))
    asked.page.get_by_role("button", name="Stop").click()
    assert asked.wait(lambda: asked.said("turn.stop")) == [{"type": "turn.stop", "turn": TURN}]
    asked.say(f.log(f.turn_done("stopped"), first=2))
    expect(asked.page.get_by_role("button", name="Stop")).to_be_hidden()
    asked.page.get_by_role("button", name="Try again").click()
    assert asked.wait(lambda: asked.said("turn.retry")) == [{"type": "turn.retry", "turn": TURN}]
    expect(asked.page.get_by_role("button", name="Try again")).to_be_disabled()


def test_a_failure_says_what_happened_and_is_offered_again(asked):
    asked.say(f.log(f.started(), f.turn_done("failed", {"code": "x", "message": "That took too long."})))
    expect(asked.page.locator(".trouble")).to_contain_text("That took too long.")
    expect(asked.page.locator("[data-announcer]")).to_have_text("That took too long.")
    expect(asked.page.get_by_role("button", name="Try again")).to_be_enabled()


def test_a_confirmation_is_sent_once_bound_to_what_was_shown_and_the_focus_stays_at_the_card(asked):
    asked.say(f.log(f.started(), f.proposed("d1"), f.turn_done("waiting")))
    confirm = asked.page.get_by_role("button", name="Confirm")
    expect(asked.page.locator(".action-card")).to_contain_text("$47.84")
    confirm.focus()
    asked.page.keyboard.press("Enter")
    expect(confirm).to_be_disabled()
    asked.page.keyboard.press("Enter")
    decision = {"action": f"{TURN}:call-1", "digest": "d1", "decision": "confirm"}
    assert asked.wait(lambda: asked.said("action.decide")) == [{"type": "action.decide", **decision}]
    asked.say(f.log(f.decided("applied"), first=4))
    expect(asked.page.get_by_role("heading", name="Order #W1 is cancelled")).to_be_focused()
    expect(asked.page.get_by_text("Done")).to_be_visible()
    asked.say(f.message("m1", 2, text="It is cancelled.", turn=TURN, cards=[{"type": "receipt", **f.RECEIPT}]))
    expect(asked.page.get_by_label("Your message")).to_be_focused()


def test_a_declined_action_says_that_nothing_changed(asked):
    asked.say(f.log(f.started(), f.proposed(), f.turn_done("waiting")))
    asked.page.get_by_role("button", name="Decline").click()
    assert asked.wait(lambda: asked.said("action.decide"))[0]["decision"] == "decline"
    asked.say(f.log(f.decided("declined"), first=4))
    expect(asked.page.get_by_text("nothing was changed")).to_be_visible()
    expect(asked.page.get_by_role("button", name="Confirm")).to_have_count(0)


def test_a_refused_decision_says_why_and_can_be_made_again(asked):
    asked.say(f.log(f.started(), f.proposed(), f.turn_done("waiting")))
    asked.page.get_by_role("button", name="Confirm").click()
    asked.wait(lambda: asked.said("action.decide"))
    asked.say({"type": "error", "ref": f"{TURN}:call-1", "code": "x", "message": "Look again.", "retryable": True})
    expect(asked.page.locator(".action-card [role=alert]")).to_have_text("Look again.")
    expect(asked.page.get_by_role("button", name="Confirm")).to_be_enabled()


def test_what_staff_must_approve_has_no_buttons_for_the_customer(asked):
    asked.say(f.log(f.started(), f.proposed(approver="staff"), f.turn_done("waiting")))
    expect(asked.page.get_by_text("Waiting for our team to approve")).to_be_visible()
    expect(asked.page.get_by_role("button", name="Confirm")).to_have_count(0)


def test_text_from_customers_staff_tools_and_rules_is_never_markup(asked):
    evil_card = {
        "type": "receipt",
        "title": EVIL,
        "lines": [{"label": EVIL, "value": EVIL}],
        "amount": EVIL,
        "note": EVIL,
    }
    note = {"type": "memory", "title": EVIL, "lines": [{"label": "", "value": EVIL}]}
    asked.say(
        f.log(f.started(), f.tool_start(EVIL), f.tool_done("other", card=evil_card), f.tool_done("third", card=note)),
        f.message("c2", 3, "customer", text=EVIL, turn=OTHER, html=""),
        f.message("s1", 2, "staff", text="Hi", author=EVIL),
        f.turn_changed(OTHER, "failed", {"code": "x", "message": EVIL}),
    )
    expect(asked.page.get_by_text(f"{EVIL}…", exact=False).first).to_be_visible()
    expect(asked.page.locator(".trouble")).to_contain_text(EVIL)
    assert asked.page.locator("main img, main script").count() == 0


def test_reading_further_up_is_not_disturbed_and_the_way_down_is_offered(site):
    long = [f.kept(f"m{n}", n, text=f"Line {n}") for n in range(1, 40)]
    site = site(kept=long).open().ready()
    region = site.page.get_by_role("region", name="Conversation")
    expect(site.page.get_by_text("Line 39")).to_be_in_viewport()
    region.evaluate("element => element.scrollTop = 0")
    site.page.wait_for_timeout(100)
    site.say(f.message("new", 40, text="Something new"))
    newest = site.page.get_by_role("button", name="New messages")
    expect(newest).to_be_visible()
    assert region.evaluate("element => element.scrollTop") == 0
    newest.click()
    expect(site.page.get_by_text("Something new", exact=True)).to_be_in_viewport()
    site.say(f.message("newer", 41, text="Even newer"))
    expect(site.page.get_by_text("Even newer", exact=True)).to_be_in_viewport()
    expect(newest).to_be_hidden()


def test_a_person_of_the_team_is_seen_to_be_one(asked):
    asked.say({"type": "event", "turn": TURN, "seq": 1, "event": {"type": "handed.off"}})
    asked.say(f.message("s1", 3, "staff", text="Sam here.", author="Sam"))
    expect(asked.page.get_by_text("With our team")).to_be_visible()
    expect(asked.page.locator(".entry.staff .by")).to_contain_text("Sam")


def test_without_javascript_the_conversation_can_be_read(site):
    site = site(kept=[ASKED, f.kept("m1", 2, text="On its way.", turn=TURN)], java_script_enabled=False).open()
    expect(site.page.get_by_text("On its way.")).to_be_visible()
    expect(site.page.get_by_text("needs JavaScript")).to_be_visible()
    expect(site.page.locator("[data-composer]")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_sticks_out_and_buttons_are_large_enough_for_a_thumb(site, scheme):
    wide = f.kept("m1", 2, text="x" * 300, turn=TURN, html="<table><tr>" + "<td>cell</td>" * 30 + "</tr></table>")
    site = site(kept=[ASKED, wide], color_scheme=scheme).open().ready()
    site.page.set_viewport_size({"width": 360, "height": 640})
    assert site.page.evaluate("document.documentElement.scrollWidth") == 360
    for control in site.page.locator("a:visible, button:visible, summary:visible, textarea:visible").all():
        assert control.bounding_box()["height"] >= 44, control.inner_text()


def test_memory_that_is_paused_elsewhere_is_said_and_unsaid_without_a_reload(site):
    site = site().open().ready()
    paused, off = site.page.get_by_text("Memory is paused"), site.page.get_by_text("This conversation leaves no memory")
    expect(paused).to_be_hidden()
    site.say(f.memory(paused=True, leaves_none=True))
    expect(paused).to_be_visible()
    expect(off).to_be_hidden()
    site.say(f.memory(leaves_none=True))
    expect(off).to_be_visible()
    site.page.get_by_text("Options").click()
    expect(site.page.get_by_role("button", name="Remember what I write from now on")).to_be_visible()
    site.say(f.memory())
    expect(paused).to_be_hidden()
    expect(off).to_be_hidden()
    expect(site.page.get_by_role("button", name="Leave no memory of this conversation")).to_be_visible()


def test_a_page_that_slept_while_memory_was_paused_says_so_when_it_is_back(site):
    site = site().open().ready()
    site.snapshot = f.snapshot() | {"memory": f.memory(paused=True)["memory"]}
    site.close(1011)
    expect(site.page.get_by_text("Memory is paused")).to_be_visible()
