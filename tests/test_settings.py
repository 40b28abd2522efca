"""A wrong setting stops the start with a sentence that says what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVICE = {
    "DATABASE_URL": "postgresql://db/support",
    "REDIS_URL": "redis://redis:6379/0",
    "CHROMA_URL": "http://chroma:8000",
    "SECRET_KEY": "a-key-that-is-long-enough-for-the-purpose-of-this-test",
    "ALLOWED_HOSTS": "support.example.com",
}


def start(tmp_path, **environment):
    command = "import support_site.settings as s; print(s.SERVICE_MODE, s.HTTPS_ONLY, s.OFFLINE_MODEL, s.EMBEDDER)"
    return subprocess.run(
        [sys.executable, "-c", command],
        env={**os.environ, "DATA_DIR": str(tmp_path), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PORT": "eighty"}, "PORT: Not a valid integer"),
        ({"PORT": "70000"}, "less than or equal to 65535"),
        ({"DEBUG": "perhaps"}, "DEBUG: Not a valid boolean"),
        ({"CHROMA_URL": "chroma:8000"}, "CHROMA_URL: Write it as http://host:port"),
        ({"REDIS_URL": "http://redis"}, "REDIS_URL: Write it as redis://host:port"),
        ({"MESSAGES_PER_MINUTE": "20"}, "MESSAGES_PER_MINUTE: Write two numbers"),
        ({"TOKENS_PER_DAY": "1000,0"}, "TOKENS_PER_DAY is less than what is reserved"),
        ({"MONEY_PER_DAY": "0.01,0", "MODEL_OUTPUT_PRICE": "2.00"}, "MONEY_PER_DAY is less than what is reserved"),
        ({"EMBEDDER": "openai"}, "EMBEDDER is 'openai', but neither OPENAI_API_KEY"),
        ({"STAFF_APPROVAL_ABOVE": "-1"}, "STAFF_APPROVAL_ABOVE: Must be greater"),
        ({"SHOP_WEBHOOK_URL": "http://shop.example.com/hook"}, "SHOP_WEBHOOK_URL must begin with https://"),
        ({"SHOP_WEBHOOK_URL": "shop.example.com/hook"}, "SHOP_WEBHOOK_URL: Write it as https://host:port"),
        (
            {"SHOP_WEBHOOK_URL": "http://127.0.0.1:9/", "SHOP_WEBHOOK_SECRET": "short"},
            "SHOP_WEBHOOK_SECRET must be set",
        ),
        ({**SERVICE, "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name the hosts"),
        *[({**SERVICE, name: ""}, f"Not set, and needed by a site of several processes: {name}.") for name in SERVICE],
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path, environment, sentence):
    result = start(tmp_path, **environment)
    assert result.returncode != 0
    assert sentence in result.stderr.splitlines()[-1]


def test_a_wrong_database_url_never_shows_its_password(tmp_path):
    result = start(tmp_path, DATABASE_URL="mysql://user:hunter2@db/x")
    assert "DATABASE_URL" in result.stderr.splitlines()[-1]
    assert "hunter2" not in result.stderr


def test_with_nothing_set_the_site_is_embedded_and_offline(tmp_path):
    assert start(tmp_path).stdout.split() == ["False", "False", "True", "lexical"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_with_all_parts_set_the_site_is_a_service_over_https(tmp_path):
    assert start(tmp_path, **SERVICE, OPENAI_API_KEY="key").stdout.split() == ["True", "True", "False", "openai"]
