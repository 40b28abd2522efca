"""The whole site in a process of its own, with the demo shop, and browsers before it."""

import signal

import pytest

from tests.embedded import Site
from tests.web.browsing import browser  # noqa: F401

PASSWORD = "demo-password"
#: Seconds a word takes, so that a reply can be seen to grow and be reloaded in the middle.
WORD_DELAY = "0.04"


@pytest.fixture(scope="session")
def address(demo_shop, tmp_path_factory):
    """Where the site is: with the demo shop, on a free port and on data of its own."""
    folder = tmp_path_factory.mktemp("site") / "site"
    site = Site(folder, copy_of=demo_shop, OFFLINE_WORD_DELAY_SECONDS=WORD_DELAY)
    try:
        site.start_as_an_operator()
        yield f"http://localhost:{site.port}"
        site.stop()
        assert site.process.returncode in (0, -signal.SIGTERM), site.log
    finally:
        site.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def signed_in(browser, address):  # noqa: F811
    """Gives the cookies of somebody, who signs in once for all tests of a file."""
    known = {}

    def cookies(email):
        if email not in known:
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{address}/accounts/login/")
            page.get_by_label("Email").fill(email)
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/accounts/" not in url)
            known[email] = context.storage_state()
            context.close()
        return known[email]

    return cookies


@pytest.fixture
def customer(browser, address, signed_in):  # noqa: F811
    """Opens the page of a customer in a browser of their own; no page may have had an error when the test ends."""
    contexts, troubles = [], []

    def open_page(email="alice@example.com", path="/", **context):
        mine = browser.new_context(storage_state=signed_in(email) if email else None, base_url=address, **context)
        contexts.append(mine)
        page = mine.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
