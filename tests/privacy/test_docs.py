"""docs/privacy.md says of every room what is kept and how long, as it is."""

import re
from pathlib import Path

from django.conf import settings

from support_site.privacy.retention import RULES
from support_site.privacy.rooms import ROOMS

PAGE = (Path(settings.BASE_DIR) / "docs" / "privacy.md").read_text()


def test_the_table_names_every_room_and_no_other():
    assert set(re.findall(r"^\| `(\w+\.\w+)` \|", PAGE, re.M)) == set(ROOMS)


def test_every_setting_of_the_sweep_is_there_with_its_default():
    named = dict(re.findall(r"`(RETENTION_\w+_DAYS)` \((\d+)\)", PAGE))
    defaults = {rule.setting: str(getattr(settings, rule.setting)) for rule in RULES if rule.setting}
    assert named == defaults | {"RETENTION_EXPORTS_DAYS": str(settings.RETENTION_EXPORTS_DAYS)}
