"""The row under a reply: thumbs that work with the keyboard."""

import pytest
from playwright.sync_api import expect

from tests.web import frames as f

pytestmark = pytest.mark.browser


def test_a_vote_is_given_explained_and_taken_back_and_the_focus_stays(site):
    said = f.kept("m1", 2, text="On its way.")
    site = site(kept=[said]).open().ready()
    up, down = (site.page.get_by_role("button", name=name) for name in ("Good answer", "Bad answer"))
    down.focus()
    down.press("Enter")
    site.wait(lambda: site.said("message.rate"))
    expect(down).to_have_attribute("aria-pressed", "false")  # until the site has kept it
    site.say(f.message("m1", 2, text="On its way.", rating="down", rating_reason=""))
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(down).to_be_focused()
    reason = site.page.get_by_label("What was wrong?")
    reason.fill("Wrong order")
    reason.press("Enter")
    site.wait(lambda: len(site.said("message.rate")) == 2)
    site.say(f.message("m1", 2, text="On its way.", rating="down", rating_reason="Wrong order"))
    expect(site.page.get_by_text("Thank you for telling us.")).to_be_visible()
    down.click()
    up.click()
    site.wait(lambda: len(site.said("message.rate")) == 4)
    votes = [(frame["message"], frame["vote"], frame["reason"]) for frame in site.said("message.rate")]
    assert votes == [("m1", "down", ""), ("m1", "down", "Wrong order"), ("m1", "", ""), ("m1", "up", "")]
