"""The rules against the golden cases of an independent reference. See ``__main__`` for the command."""

import os
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[3] / "shared"

#: Folder with the golden ``*.jsonl`` files, and the shop they were made on.
GOLDEN = Path(os.environ.get("GOLDEN_DIR", _SHARED / "conformance"))
SHOP = Path(os.environ.get("GOLDEN_SHOP", _SHARED / "shop" / "retail_shop.json"))

#: The ways every case is played.
MANNERS = ("as_owner", "as_another", "unconfirmed")


def require_golden() -> None:
    """Skip without the golden files; in CI they must be there."""
    if GOLDEN.is_dir() and SHOP.is_file():
        return
    reason = f"golden cases are not at {GOLDEN} with {SHOP} (set GOLDEN_DIR and GOLDEN_SHOP)"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
