""" "Why this answer?" under a reply: fetched when it is asked for, and shown as text."""

import json

import pytest
from playwright.sync_api import expect

from tests.web import frames as f

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"


def test_reasons_are_fetched_on_demand_and_stay_open_when_the_reply_is_drawn_anew(site):
    site = site(kept=[f.kept("m1", 2, text="On its way.")]).open().ready()
    asked = []

    def answer(route):
        asked.append(route.request.headers["accept"])
        reasons = [{"what": "Note", "text": EVIL, "since": "changed since", "url": "/memory/?q=x"}]
        route.fulfill(status=200, content_type="application/json", body=json.dumps({"reasons": reasons}))

    site.page.context.route("**/memory/replies/m1/", answer)
    why = site.page.get_by_role("button", name="Why this answer?")
    assert asked == []
    why.press("Enter")
    expect(site.page.get_by_role("link", name=EVIL)).to_have_attribute("href", "/memory/?q=x")
    expect(site.page.get_by_text("(changed since)")).to_be_visible()
    expect(why).to_have_attribute("aria-expanded", "true")
    site.say(f.message("m1", 2, text="On its way.", rating="up"))
    expect(site.page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    expect(site.page.get_by_role("link", name=EVIL)).to_be_visible()
    expect(why).to_be_focused()
    why.press("Enter")
    expect(site.page.get_by_role("link", name=EVIL)).to_be_hidden()
    assert asked == ["application/json"]
