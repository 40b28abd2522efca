"""Headless Chromium, for tests that need a browser; imported as a fixture by the rooms that do."""

import os
import shutil
from contextlib import contextmanager

import pytest

# The graphics and network flags keep Chromium quiet on a machine without a screen and without internet.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser():
    """A browser. Not for the whole run: Playwright leaves its event loop running in the thread, and the next tests
    that use the database or a loop of their own would trip over it."""
    with opened_browser() as browser:
        yield browser


@contextmanager
def opened_browser():
    """A browser until the block ends. Without Chromium the test is skipped; where CI is set, it fails."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Chromium is not installed: set CHROMIUM to its path.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()
