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


def test_an_answer_that_does_not_begin_or_go_on_is_said_to_be_late(page):
    told = page.evaluate("""async () => {
        const { awaited, Lateness } = await import("/chat/lateness.js");
        const state = (...statuses) => ({ turns: new Map(statuses.map((status, id) => [id, { id, status, seq: 3 }])) });
        const sent = { status: "kept", turn: "t" };
        const waits = [
            awaited(state("queued"), []), awaited(state(), [sent]), awaited(state("running", "queued"), []),
            awaited(state(), [{ ...sent, turn: null }]), awaited(state("waiting", "queued"), []),
            awaited(state("done"), []),
        ];
        const found = [];
        const late = { beginning: 20, more: 40 };
        await new Promise((resolve) => {
            const lateness = new Lateness(() => resolve(found.push(lateness.look(waits[0]))), { late });
            found.push(lateness.look(waits[0]));
        });
        await new Promise((resolve) => {
            const both = () => found.push(lateness.look("more"), lateness.look("news"));
            const lateness = new Lateness(() => resolve(both()), { late });
            found.push(lateness.look("more"));
        });
        return [waits, found];
    }""")
    beginning = "a beginning"
    assert told == [[beginning, beginning, "more of 0 than 3", "", "", ""], [False, True, False, True, False]]
