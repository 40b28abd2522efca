"""The operator's page names every metric, and nothing that does not exist."""

import re
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands
from prometheus_client import REGISTRY

from support_site import metrics
from support_site.probes import PROBES
from tests.test_docs import VARIABLES

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/operations.md").read_text()
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
#: What Docker, nginx and the like call by such names.
FOREIGN = {"HOME", "VERSION", "POSTGRES_PASSWORD", "FATAL"}


def series():
    """Every name under which Prometheus finds a figure of ours."""
    return {sample.name for family in REGISTRY.collect() for sample in family.samples} | {
        f"{family.name}_total" if family.type == "counter" else family.name for family in REGISTRY.collect()
    }


@pytest.mark.parametrize("metric", [name for name in vars(metrics) if name.isupper() and not name.startswith("_")])
def test_every_metric_has_its_line(metric):
    family = next(iter(getattr(metrics, metric).collect()))
    name = f"{family.name}_total" if family.type == "counter" else family.name
    assert f"| `{name}` |" in PAGE


def test_no_metric_is_named_that_does_not_exist():
    assert set(re.findall(r"\bsupport_(?!site\b)[a-z_]+\b", PAGE)) <= series()


def test_every_command_of_the_page_exists():
    named = set(re.findall(r"manage\.py ([a-z_]+)", PAGE))
    assert {"migrate", "rebuild_store", "reindex", "store_check"} <= named <= set(get_commands())


def test_every_setting_of_the_page_exists():
    named = set(re.findall(r"`([A-Z][A-Z_]+[A-Z])(?:=[^`]*)?`", PAGE))
    assert len(named) > 10
    assert named <= {*VARIABLES, *FOREIGN}


def test_every_part_and_file_of_the_container_setup_that_the_page_names_exists():
    for service in re.findall(r"--scale (\w+)=", PAGE) + re.findall(r"exec (?:-T )?([a-z]+) ", PAGE):
        assert service in COMPOSE["services"]
    for stopped in re.findall(r"compose\.yaml stop (.+)", PAGE):
        assert set(stopped.split()) <= set(COMPOSE["services"])
    for path in re.findall(r"`(/\w+z|/metrics)`", PAGE):
        assert path in PROBES
    for path in re.findall(r"\bdeploy/[\w.]+\.(?:yaml|conf|example)\b", PAGE):
        assert (ROOT / path).exists()
