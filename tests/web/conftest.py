import functools
import http.server
import threading
from pathlib import Path

import pytest

from tests.web.browsing import browser  # noqa: F401

STATIC = Path(__file__).resolve().parents[2] / "static"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def static_address():
    """The static folder on a free port: modules are imported from it as a page would."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=STATIC))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def page(browser, static_address):  # noqa: F811
    """An empty page beside the modules; for tests that only call them and leave nothing behind."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{static_address}/logo.svg")
    yield page
    context.close()


@pytest.fixture
def site(browser):  # noqa: F811
    """Opens the conversation page before a scripted site; nothing the page does may be refused by its policy."""
    from tests.web.scripted_site import ScriptedSite

    sites = []

    def open_page(*, kept=None, **context):
        page = browser.new_context(viewport={"width": 1024, "height": 600}, **context).new_page()
        sites.append(ScriptedSite(page, kept=kept))
        return sites[-1]

    yield open_page
    for site in sites:
        site.page.context.close()
    assert [site.troubles for site in sites] == [[] for _ in sites]
