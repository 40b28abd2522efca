"""Who gets where, and by what: keyboard, phone, signed out, another customer, staff."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PASSWORD
from tests.e2e.test_customers import ANSWER, begin, say

pytestmark = pytest.mark.browser


def test_everything_can_be_done_with_the_keyboard_alone(customer):
    page = customer(None)
    page.get_by_label("Email").focus()
    keys = page.keyboard
    keys.type("alice@example.com")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    page.wait_for_url(lambda url: "/accounts/" not in url)
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    keys.press("Enter")
    keys.press("Tab")
    expect(page.get_by_role("button", name="New conversation")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_label("Your message")).to_be_focused()
    keys.type("What can you help me with?")
    keys.press("Enter")
    expect(page.locator(".entry.agent")).to_have_count(1, timeout=ANSWER)


def test_on_a_phone_a_customer_can_talk_and_nothing_sticks_out(customer):
    page = begin(customer(viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="dark"))
    say(page, "Where is my order?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.get_by_role("button", name="Send")).to_be_in_viewport()


def test_who_is_not_signed_in_comes_back_to_the_page_after_signing_in(customer):
    conversation = begin(customer("alice@example.com")).url
    page = customer(None, conversation)
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(conversation)


def test_another_customers_conversation_is_not_there(customer):
    conversation = begin(customer("alice@example.com")).url
    page = customer("bob@example.com", conversation)
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_signing_out_in_one_tab_closes_the_other(browser, address):
    context = browser.new_context(base_url=address)
    one = context.new_page()
    one.goto("/accounts/login/")
    one.get_by_label("Email").fill("bob@example.com")
    one.get_by_label("Password", exact=True).fill(PASSWORD)
    one.get_by_role("button", name="Sign in").click()
    begin(one)
    two = context.new_page()
    two.goto("/")
    two.locator("[data-menu] summary").click()
    two.get_by_role("button", name="Sign out").click()
    expect(one.get_by_role("link", name="Sign in again")).to_be_visible()
    context.close()


def test_staff_come_to_the_desk_and_see_a_customer_with_their_conversations_and_records(customer):
    page = customer("sam@example.com", "/admin/")
    page.locator(".model-account").get_by_role("link", name="Accounts").click()
    page.get_by_role("link", name="Alice Moreau").click()
    records = page.get_by_role("link", name="Memories, orders and profile")
    expect(page.get_by_role("link", name="Conversations of this customer")).to_be_visible()
    records.click()
    expect(page.get_by_text("#W4201877").first).to_be_visible()
