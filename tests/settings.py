"""The site's settings for tests: no word of the developer's own, whose data, keys and services no test touches.

pytest-django loads them before any conftest, so the environment that they are read from is made here.
"""

import atexit
import os
import shutil
import tempfile

_DATA_DIR = tempfile.mkdtemp(prefix="support-tests-")
atexit.register(shutil.rmtree, _DATA_DIR, ignore_errors=True)
os.environ["DATA_DIR"] = _DATA_DIR
os.environ["OFFLINE_WORD_DELAY_SECONDS"] = "0"
for _name in (
    "DATABASE_URL",
    "REDIS_URL",
    "CHROMA_URL",
    "CELERY_BROKER_URL",
    "SHOP_WEBHOOK_URL",
    "SHOP_WEBHOOK_SECRET",
):
    os.environ[_name] = ""
for _name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_FALLBACK_MODEL", "EMAIL_HOST"):
    os.environ[_name] = ""
# A test that is not about limits may hurry.
for _name in ("MESSAGES_PER_MINUTE", "OPEN_SOCKETS", "TURNS_AT_ONCE", "TOKENS_PER_DAY", "MONEY_PER_DAY"):
    os.environ[_name] = "0,0"
os.environ["DEBUG"] = "0"
# Tests start many processes: each would compile what nobody kept. They are sites, and no tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["DJANGO_SETTINGS_MODULE"] = "support_site.settings"

from support_site.settings import *  # noqa: E402, F403

# A slow hash is for passwords somebody might steal.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Each test client has a middleware of its own, which would look at all static files; whole sites serve them.
SERVESTATIC_USE_FINDERS = SERVESTATIC_USE_STATIC_ROOT = False
