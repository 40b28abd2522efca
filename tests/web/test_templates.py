"""What keeps the pages safe under a strict content-security policy, and the front end small."""

import re
from pathlib import Path

import pytest

from tests.web.conftest import STATIC

TEMPLATES = STATIC.parent / "templates"
#: A file that customers take home: it has its style in it, and its own policy that forbids everything else.
ARCHIVE = TEMPLATES / "privacy/archive.html"
PAGES = sorted(set(TEMPLATES.rglob("*.html")) - {ARCHIVE})
SITE_PAGES = [path for path in PAGES if not path.is_relative_to(TEMPLATES / "admin")]
SCRIPTS = sorted(STATIC.rglob("*.js"))
names = {"ids": lambda path: path.name}


@pytest.mark.parametrize("template", PAGES, **names)
def test_a_template_has_no_script_style_or_handler_of_its_own(template):
    markup = template.read_text()
    assert re.findall(r"<script(?![^>]*\ssrc=)", markup) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", markup, re.I) == []


def test_the_archive_runs_nothing_and_fetches_nothing():
    markup = ARCHIVE.read_text()
    assert "default-src 'none'; style-src 'unsafe-inline'" in markup
    assert re.findall(r"<script|<link|\ssrc=|\sstyle=|\son[a-z]+=|javascript:|url\(", markup, re.I) == []


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.*")), **names)
def test_only_what_the_site_sanitised_or_wrote_itself_is_taken_as_markup(template):
    message = ["message.html|safe"]
    trusted = {
        "chat/_message.html": message,
        "admin/chat/_said.html": message,
        "admin/review/replay.html": ["replay.html|safe"],
        "privacy/archive.html": message,
        "form_fields.html": ["field.help_text|safe"],
    }
    name = template.relative_to(TEMPLATES).as_posix()
    assert re.findall(r"[\w.]+\|safe\b", template.read_text()) == trusted.get(name, [])
    if "autoescape off" in template.read_text():
        assert template.suffix == ".txt", "only mails are not HTML"


@pytest.mark.parametrize("script", SCRIPTS, **names)
def test_markup_enters_the_page_at_two_places_only(script):
    made = re.findall(
        r"(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)[^;]*", script.read_text()
    )
    sanitised = ["innerHTML = message.html", "innerHTML = html"] if script.name == "nodes.js" else []
    assert made == sanitised


@pytest.mark.parametrize("file", [*SCRIPTS, *STATIC.glob("*.css")], **names)
def test_files_stay_small_enough_to_read(file):
    assert len(file.read_text().splitlines()) <= (500 if file.suffix == ".css" else 300)


def test_every_static_file_a_page_names_is_there_and_none_lies_about():
    texts = [path.read_text() for path in [*PAGES, *SCRIPTS, *STATIC.glob("*.css")]]
    naming = r"""static '([^']+)'|url\("([^"]+)"\)|from "\./([^"]+)\""""
    named = {name for text in texts for names in re.findall(naming, text) for name in names if name}
    named = {name for name in named if not name.startswith("admin/")}  # Django's own
    files = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()}
    assert {Path(name).name for name in named} == {Path(name).name for name in files}


@pytest.mark.parametrize("module", SCRIPTS, **names)
def test_modules_import_nothing_from_elsewhere(module):
    assert [path for path in re.findall(r'from "([^"]+)"', module.read_text()) if not path.startswith("./")] == []


def test_a_style_that_the_script_sets_is_on_the_sheet():
    sheet = "".join(path.read_text() for path in STATIC.glob("*.css"))
    drawn = (STATIC / "chat/nodes.js").read_text() + "".join(path.read_text() for path in SITE_PAGES)
    used = {name for names in re.findall(r'class(?:: |=)"([a-z -]+)"', drawn) for name in names.split()}
    without_looks = {"plain", "suggestions", "send", "stop", "menu", "site-header"}
    assert {name for name in used - without_looks if f".{name}" not in sheet} == set()
