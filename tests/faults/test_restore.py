"""Backup and restore by the lines of docs/operations.md: the service's PostgreSQL, beside a new Chroma and Redis."""

import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.parts import Chroma, Redis, program, wait_until
from tests.warm import ROOT, manage

pytestmark = [pytest.mark.fault, pytest.mark.service]

PAGE = (ROOT / "docs/operations.md").read_text()
#: What is run where PostgreSQL is: dump; drop, create and load.
LINES = re.findall(r"^ {4}docker compose \S+ \S+ exec -T postgres (.+)$", PAGE, re.MULTILINE)
#: What is asked about a conversation before and afterwards: what was said, the agent's thread, the account's records.
ASKED = [
    "select role, text, html from chat_message where conversation_id::text = %s order by position",
    "select checkpoint, metadata from agent.checkpoints where thread_id = %s",
    "select key_text, value_text, vectors, version from memory_record join chat_conversation c using (account_id)"
    " where c.id::text = %s order by key_text",
]


@pytest.fixture
def run(service, tmp_path):
    """Run a line of the page, where the service's database is not called "support"."""
    port = str(service.postgres.port)
    where = {"PGHOST": "127.0.0.1", "PGPORT": port, "PATH": f"{Path(program('pg_dump')).parent}:{Path('/bin')}"}

    def run(line):
        line = line.replace("--username support", "--username site")
        subprocess.run(["sh", "-c", line], cwd=tmp_path, env=where, check=True)

    return run


@pytest.fixture
def restored(service, tmp_path):
    """The settings of a service on the database "support", with nothing in the other parts."""
    chroma, redis = Chroma(tmp_path / "chroma").start(), Redis(tmp_path / "redis").start()
    database = service.postgres.url.removesuffix("postgres") + "support"
    try:
        where = {"CHROMA_URL": chroma.wait().url, "REDIS_URL": redis.wait().url, "DATABASE_URL": database}
        yield service.environment | where
    finally:
        chroma.stop()
        redis.stop()


def contents(address, conversation):
    with psycopg.connect(address) as connection:
        return [connection.execute(question, [conversation]).fetchall() for question in ASKED]


def test_what_was_dumped_is_restored_by_the_lines_of_the_page(service, model, run, restored):
    model.let_go.set()
    page = service.new_page("restore").open()
    turn = page.ask("Is anybody there?")
    page.until_status(turn, "done")
    page.close()
    is_learned = "select 1 from chat_turn where id = %s and learned_at is not null"
    wait_until(lambda: service.query(is_learned, turn), told="the learning")
    [dump, drop, create, load] = LINES
    before = contents(service.postgres.url, page.conversation)
    assert all(before)
    run(dump.replace(" support >", " postgres >"))
    run(create)  # what is there when it is to be restored
    for line in (drop, create, load):
        run(line)
    assert contents(restored["DATABASE_URL"], page.conversation) == before
    manage("migrate", "--check", env=restored)
    rebuilt = manage("rebuild_store", env=restored)
    [kept] = re.findall(r"made anew with (\d+) records", rebuilt)
    with psycopg.connect(restored["DATABASE_URL"]) as connection:
        assert connection.execute("select count(*) from memory_record where value_text is not null").fetchone() == (
            int(kept),
        )
    compared = manage("store_check", "--dry-run", env=restored)
    for found in ("missing: 0", "different: 0", "orphans: 0", "foreign: 0", f"{kept} records compared"):
        assert found in compared
