"""What the documents say must be so."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = (ROOT / "support_site/settings.py").read_text()
VARIABLES = sorted(set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', SETTINGS)))


def test_settings_are_read_from_the_environment():
    assert len(VARIABLES) > 20


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_setting_stands_in_the_readme_and_the_example(variable):
    assert f"`{variable}`" in (ROOT / "README.md").read_text()
    assert re.search(rf"^# {variable}=", (ROOT / ".env.example").read_text(), re.M)


def test_the_example_names_no_setting_that_does_not_exist():
    named = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert named <= set(VARIABLES)


@pytest.mark.parametrize(
    "page", sorted(p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
def test_every_link_of_a_page_leads_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith(("http:", "https:")):
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("target", re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text()))
def test_every_make_command_of_the_readme_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)
