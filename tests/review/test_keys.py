"""The desk is worked through with the keyboard alone."""

import pytest
from django.urls import reverse

from support_site.review.models import Memory
from tests.review.memories import remembered
from tests.web.browsing import opened_browser

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_a_memory_is_found_judged_and_left_with_keys_only_and_nothing_is_refused(live_server, desk, alice):
    for text in ("likes tea", "keeps bees"):
        remembered(alice, text)
    session = {"name": "sessionid", "value": desk.cookies["sessionid"].value, "url": live_server.url}
    refused = []
    with opened_browser() as browser:
        context = browser.new_context()
        context.add_cookies([session])
        page = context.new_page()
        page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
        page.goto(live_server.url + reverse("admin:review_memory_changelist"))
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert "likes tea" in page.locator("tr.here").inner_text()
        page.keyboard.press("q")
        page.wait_for_url("**/do/quarantine/**")
        assert page.locator(".chosen li").count() == 1
        page.keyboard.type("never said that, aqed")  # letters that are keys elsewhere are letters here
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{reverse('admin:review_memory_changelist')}")
        assert page.locator("tr", has_text="likes tea").locator(".badge").inner_text() == "quarantined"
    assert refused == []
    assert Memory.objects.get(status="quarantined").changes.first().reason == "never said that, aqed"
