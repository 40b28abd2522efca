"""A customer takes their data away and deletes the account, in a browser; every other tab learns of it."""

import io
import uuid
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.test_customers import say

pytestmark = pytest.mark.browser

SECONDS = 20_000


@pytest.fixture
def newcomer(customer):
    """Somebody nobody else needs, signed up and with a conversation: the page of it."""
    page = customer(None, "/accounts/signup/")
    page.get_by_label("Your name").fill("Nell")
    page.get_by_label("Email").fill(f"nell-{uuid.uuid4().hex[:8]}@example.com")
    page.get_by_label("Password", exact=True).fill("a-long-pass-word-7")
    page.get_by_role("button", name="Make account").click()
    page.get_by_role("button", name="Start your first conversation").click()
    say(page, "My name is Nell and I live in Trieste.")
    return page


def test_an_archive_appears_by_itself_and_holds_the_conversation(newcomer):
    page = newcomer
    page.goto("/privacy/export/")
    page.get_by_role("button", name="Prepare an archive").click()
    link = page.get_by_role("link", name="Download the archive")
    expect(link).to_be_visible(timeout=SECONDS)
    with page.expect_download() as download:
        link.click()
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert "I live in Trieste" in archive.read("index.html").decode()


def test_a_deleted_account_ends_with_a_receipt_and_every_other_tab_is_signed_out(newcomer):
    tab, page = newcomer, newcomer.context.new_page()
    page.goto("/privacy/delete/")
    page.get_by_label("Your password").fill("a-long-pass-word-7")
    page.get_by_label("to confirm").fill("delete")
    page.get_by_role("button", name="Delete my account for good").click()
    expect(page.get_by_role("heading", name="Your account is deleted")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("messages: 2")).to_be_visible()
    expect(tab.get_by_role("link", name="Sign in again")).to_be_visible()
    page.goto("/")
    assert "/accounts/login/" in page.url
