"""The whole site in a process of its own, with the demo shop, and browsers before it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.web.browsing import browser  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "demo-password"
STARTS_WITHIN = 60
#: Seconds a word takes, so that a reply can be seen to grow and be reloaded in the middle.
WORD_DELAY = "0.04"


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Where the site is: migrated, with the demo shop, on a free port and on data of its own."""
    data = tmp_path_factory.mktemp("site")
    env = os.environ | {"DATA_DIR": str(data), "OFFLINE_WORD_DELAY_SECONDS": WORD_DELAY, "PYTHONUNBUFFERED": "1"}
    env.pop("DJANGO_SETTINGS_MODULE", None)
    manage = [sys.executable, "manage.py"]
    for command in (["migrate", "--verbosity", "0"], ["demo"]):
        subprocess.run([*manage, *command], cwd=ROOT, env=env, check=True, capture_output=True, timeout=120)
    log = data / "site.log"
    with log.open("w") as output:
        site = subprocess.Popen([*manage, "serve", "--port", "0"], cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        yield wait_for_address(site, log)
        site.send_signal(signal.SIGTERM)
        assert site.wait(30) in (0, -signal.SIGTERM), log.read_text()
    finally:
        site.kill()
        site.wait()


def wait_for_address(site, log):
    until = time.monotonic() + STARTS_WITHIN
    while not (found := re.search(r"http://localhost:\d+", log.read_text())):
        if site.poll() is not None or time.monotonic() > until:
            pytest.fail(f"the site did not start: {log.read_text()}")
        time.sleep(0.1)
    return found[0]


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
