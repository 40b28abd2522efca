"""The ledger of the memory tests, and a small shop as JSON to be spoiled in many ways."""

import json
from copy import deepcopy

import pytest

from support_site.orders.demo import SHOP_FILE
from tests.memory.conftest import chroma, client_of_chroma, django_db_modify_db_settings, letters, store  # noqa: F401


@pytest.fixture
def shop_json():
    return deepcopy(json.loads(SHOP_FILE.read_text()))


@pytest.fixture
def file(tmp_path):
    """Writes what it is called with (text, bytes or JSON) into a file and gives its path."""

    def written(content):
        path = tmp_path / "shop.json"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return written
