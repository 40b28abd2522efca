"""What a person is told while something has to wait: a limit, a part that is away, a site that cannot be reached."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_what_was_refused_goes_back_into_the_field_until_the_limit_lifts_and_the_page_says_what_is_away(site):
    site = site().open().ready()
    page, field = site.page, site.page.get_by_label("Your message")
    send = page.get_by_role("button", name="Send")
    field.fill("Where is it?")
    field.press("Enter")
    [sent] = site.wait(lambda: site.said("message.send"))
    told = {"message": "You are writing faster than we can read.", "retryable": True, "retry_after": 2}
    site.say({"type": "error", "ref": sent["id"], "code": "limited", **told})
    expect(page.get_by_text("faster than we can read. You can send again in 2 seconds.")).to_be_visible()
    expect(field).to_have_value("Where is it?")
    expect(send).to_be_disabled()
    field.press("Enter")
    expect(send).to_be_enabled()
    expect(page.get_by_text("faster than we can read")).to_be_hidden()
    field.press("Enter")
    assert len(site.wait(lambda: len(site.said("message.send")) > 1 and site.said("message.send"))) == 2

    away = {"code": "store_down", "text": "We cannot look up orders right now."}
    site.say({"type": "notices", "notices": [away]})
    expect(page.get_by_text("We cannot look up orders right now.")).to_be_visible()
    site.say({"type": "notices", "notices": []})
    expect(page.get_by_text("We cannot look up orders right now.")).to_be_hidden()

    page.route_web_socket("**/ws/**", lambda socket: socket.connect_to_server())  # nobody is there
    site.close(1011)
    expect(page.get_by_text("Your message is kept here and will be sent.")).to_be_visible()
    site.troubles.clear()


def test_an_answer_that_does_not_begin_is_said_to_be_late_and_one_that_is_being_written_never(page):
    told = page.evaluate("""async () => {
        const { awaitsBeginning, Lateness } = await import("/chat/lateness.js");
        const state = (...statuses) => ({ turns: new Map(statuses.map((status, id) => [id, { status }])) });
        const sent = { status: "kept", turn: "t" };
        const waits = [
            awaitsBeginning(state("queued"), []), awaitsBeginning(state(), [sent]),
            awaitsBeginning(state("running", "queued"), []), awaitsBeginning(state(), [{ ...sent, turn: null }]),
            awaitsBeginning(state("done"), []),
        ];
        const late = await new Promise((resolve) => {
            const lateness = new Lateness(() => resolve([lateness.look(true), lateness.look(false)]), { after: 20 });
            if (lateness.look(true)) resolve("at once");
        });
        return [waits, late];
    }""")
    assert told == [[True, True, False, False, False], [True, False]]
