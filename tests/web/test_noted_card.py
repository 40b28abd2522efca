"""The card "I noted": kept, changed and undone with the keyboard."""

import pytest
from playwright.sync_api import expect

from tests.web import frames as f

pytestmark = pytest.mark.browser


def card(text, **more):
    return {"type": "memory", "memory": "k1", "title": "I noted", "lines": [{"label": "", "value": text}], **more}


def test_a_note_is_changed_in_place_and_undone_and_the_focus_stays_at_its_card(site):
    site = site(kept=[f.kept("m1", 2, text="Noted.", cards=[card("The customer lives in Rome.")])]).open().ready()
    noted = site.page.locator(".noted")
    noted.get_by_role("button", name="Change").press("Enter")
    field = noted.get_by_label("What is right")
    expect(field).to_be_focused()
    field.fill("The customer lives in Lisbon.")
    site.say(f.message("m1", 2, text="Noted.", rating="up", cards=[card("The customer lives in Rome.")]))
    expect(field).to_have_value("The customer lives in Lisbon.")  # drawn anew for another reason
    field.press("Enter")
    site.wait(lambda: site.said("memory.decide"))
    changed = card("The customer lives in Lisbon.", state="changed", changes=["k2"])
    site.say(f.message("m1", 2, text="Noted.", cards=[changed]))
    expect(noted).to_contain_text("Changed")
    expect(noted).to_be_focused()
    noted.get_by_role("button", name="Undo").click()
    site.wait(lambda: len(site.said("memory.decide")) == 2)
    site.say(f.message("m1", 2, text="Noted.", cards=[changed | {"state": "undone", "lines": []}]))
    expect(noted).to_contain_text("Undone: this is not noted")
    expect(noted.get_by_role("button")).to_have_count(0)
    decisions = [
        (frame["message"], frame["memory"], frame["decision"], frame["text"]) for frame in site.said("memory.decide")
    ]
    assert decisions == [("m1", "k1", "change", "The customer lives in Lisbon."), ("m1", "k1", "undo", "")]
