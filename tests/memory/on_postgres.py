"""A pytest plugin that puts PostgreSQL in the place of SQLite, for tests that promise the same on both.

TEST_DATABASE_URL=postgresql://... pytest -p tests.memory.on_postgres tests/memory
"""

import os

import dj_database_url
import pytest


@pytest.hookimpl(trylast=True)
def pytest_configure():
    from django.conf import settings
    from django.db import connections

    settings.DATABASE_URL = os.environ["TEST_DATABASE_URL"]  # the saver's tables are made beside the site's
    connections.databases["default"] |= dj_database_url.parse(settings.DATABASE_URL) | {"OPTIONS": {}}
    del connections["default"]


def pytest_report_header():
    from django.db import connection

    return f"database: {connection.vendor}"
