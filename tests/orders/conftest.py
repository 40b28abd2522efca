"""The ledger of the memory tests, and a small shop as JSON to be spoiled in many ways."""

import json
from copy import deepcopy

import pytest
from django.core.cache import cache

from support_site.orders.demo import SHOP_FILE
from support_site.orders.models import ShopToken
from support_site.orders.tokens import new_token
from tests.memory.conftest import chroma, client_of_chroma, letters, store  # noqa: F401
from tests.orders.shop_system import Receiver, ShopSystem, status


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


@pytest.fixture
def token(db):
    """A shop token, as it was shown to staff."""
    token, digest = new_token()
    ShopToken.objects.create(name="till", digest=digest)
    return token


@pytest.fixture
def shop(token):
    """The shop's own system, let in by its token; nobody has used up its share of requests."""
    cache.clear()
    return ShopSystem(token)


@pytest.fixture
def known(shop):
    """The same, and this site knows its product, its customer and the customer's order."""
    for taken in (shop.product(), shop.customer(), shop.order()):
        assert status(taken) == "created"
    return shop


@pytest.fixture
def receiver(settings):
    """The shop's webhook, which the site is told to call."""
    receiver = Receiver()
    settings.SHOP_WEBHOOK_URL, settings.SHOP_WEBHOOK_SECRET = receiver.url, "s" * 32
    yield receiver
    receiver.close()
