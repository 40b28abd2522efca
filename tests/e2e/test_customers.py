"""The main job in a real browser before the real site: sign in, talk, be remembered."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

#: Milliseconds an answer may take on a busy machine.
ANSWER = 30_000


def begin(page):
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_label("Your message")).to_be_visible()
    return page


def say(page, text):
    """Write, and wait for the whole answer; the last agent message."""
    before = page.locator(".entry.agent").count()
    write(page, text)
    expect(page.locator(".entry.agent")).not_to_have_count(before, timeout=ANSWER)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden(timeout=ANSWER)
    return page.locator(".entry.agent").last


def write(page, text):
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")


def test_a_name_said_once_is_known_in_the_next_conversation_and_to_nobody_else(customer):
    page = begin(customer("alice@example.com"))
    say(page, "Hi! Remember: my name is Bob")
    page.goto("/")
    expect(say(begin(page), "What's my name?")).to_contain_text("Bob")
    stranger = sign_up(customer, "stranger@example.com", "Robin Doe")
    expect(say(begin(stranger), "What's my name?")).not_to_contain_text("Bob")


def sign_up(customer, email, name):
    page = customer(None, "/accounts/signup/")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill("quiet-harbour-9")
    page.get_by_role("button", name="Make account").click()
    expect(page.get_by_role("heading", name="How can we help?")).to_be_visible()
    return page


def test_an_order_that_is_not_on_file_is_remembered_and_not_made_up(customer):
    page = sign_up(customer, "nora@example.com", "Nora Berg")
    say(begin(page), "I have a problem with my order #12345")
    page.goto("/")
    answer = say(begin(page), "Any updates on my order?")
    expect(answer).to_contain_text("12345")
    expect(answer).not_to_contain_text(re.compile("delivered|shipped|on its way", re.I))


def test_a_customer_with_orders_gets_their_real_status(customer):
    page = begin(customer("bob@example.com"))
    expect(say(page, "Where is my order #W4195064?")).to_contain_text("pending")


def test_another_customers_order_looks_like_one_that_does_not_exist(customer):
    page = begin(customer("bob@example.com"))
    expect(say(page, "Where is my order #W4187730?")).not_to_contain_text("Headphones")


def test_words_stream_in_and_a_reload_in_the_middle_loses_none(customer):
    page = begin(customer())
    write(page, "Where is my order?")
    expect(page.locator(".entry.agent.streaming .body")).to_contain_text("You", timeout=ANSWER)
    page.reload()
    expect(page.locator(".entry.agent.streaming")).to_have_count(1)
    expect(page.locator(".streaming")).to_have_count(0, timeout=ANSWER)
    live = page.locator(".entries").inner_text()
    page.reload()
    expect(page.locator("[data-server]")).to_have_count(0)
    assert page.locator(".entries").inner_text() == live
    expect(page.locator(".entry.customer")).to_have_count(1)


def test_two_tabs_show_the_same_conversation_live(customer):
    one = begin(customer())
    two = one.context.new_page()
    two.goto(one.url)
    answer = say(one, "What can you help me with?").inner_text()
    expect(two.locator(".entry.customer")).to_have_text(re.compile("What can you help me with?"))
    expect(two.locator(".entry.agent").last).to_have_text(re.compile(re.escape(answer.splitlines()[-1])))


def test_a_message_written_while_an_answer_runs_is_answered_next(customer):
    page = begin(customer())
    write(page, "Where is my order?")
    expect(page.locator(".streaming")).to_have_count(1, timeout=ANSWER)
    write(page, "What is my e-mail address?")
    expect(page.get_by_text("Queued: answered next")).to_be_visible()
    expect(page.locator(".entry.agent")).to_have_count(2, timeout=ANSWER)
    expect(page.locator(".streaming")).to_have_count(0, timeout=ANSWER)
    roles = page.locator(".entry").evaluate_all("all => all.map(each => each.classList[1])")
    assert roles == ["customer", "agent", "customer", "agent"]


def test_stop_stops_and_what_was_written_stays(customer):
    page = begin(customer())
    write(page, "Where is my order?")
    expect(page.locator(".entry.agent.streaming .body")).to_contain_text("You", timeout=ANSWER)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".entry.agent").last).to_contain_text("Which order", timeout=ANSWER)
    expect(page.get_by_text("Stopped", exact=True)).to_have_count(0)


def test_an_order_is_changed_only_after_the_click_and_the_receipt_stays(customer):
    page = begin(customer("bob@example.com"))
    say(page, "Please cancel order #W4195064")
    write(page, "It is no longer needed")
    card = page.locator(".action-card")
    expect(card).to_contain_text("#W4195064", timeout=ANSWER)
    page.reload()
    card.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Order #W4195064 is cancelled")).to_be_visible(timeout=ANSWER)
    expect(page.get_by_role("button", name="Stop")).to_be_hidden(timeout=ANSWER)
    page.reload()
    expect(page.locator(".action-card")).to_have_count(1)
    expect(page.locator(".action-card")).to_contain_text("Done")


def test_the_list_shows_the_conversation_by_its_first_words(customer):
    page = begin(customer())
    say(page, "How do returns work?")
    page.get_by_role("link", name="All conversations").click()
    entry = page.locator(".conversation-list li").first
    expect(entry).to_contain_text("How do returns work?")
    entry.get_by_role("link").click()
    expect(page.locator(".entry.agent")).to_have_count(1)


def test_a_person_is_called_with_a_click_and_every_tab_says_so(customer):
    page = begin(customer("bob@example.com"))
    other = page.context.new_page()
    other.goto(page.url)
    page.get_by_text("Options").click()
    page.get_by_role("button", name="Ask for a person").click()
    for each in (page, other):
        expect(each.get_by_text("With our team")).to_be_visible()
        expect(each.locator(".entry.system")).to_have_count(1)
        each.get_by_text("Options").click()
        expect(each.get_by_role("button", name="Ask for a person")).to_be_hidden()
    write(page, "Is anybody there?")
    expect(other.locator(".entry.customer")).to_contain_text("Is anybody there?")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(page.locator(".entry.agent")).to_have_count(0)


def test_memory_that_is_paused_on_one_device_is_said_on_the_other_at_once(customer):
    page, phone = begin(customer()), customer(path="/memory/", viewport={"width": 390, "height": 844})
    phone.get_by_role("button", name="Pause memory").click()
    expect(page.get_by_text("Memory is paused: nothing is noted")).to_be_visible()
    phone.get_by_role("button", name="Resume memory").click()
    expect(page.get_by_text("Memory is paused: nothing is noted")).to_be_hidden()
