"""Threads in LangGraph's PostgreSQL saver, on a server of the test's own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agents.checkpoints import open_checkpointer, set_up_checkpoints
from agents.testing import call
from tests.agents.test_checkpoints import SIXTY_TURNS, SMALL, play

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(not (shutil.which("initdb") and shutil.which("postgres")), reason="needs PostgreSQL's programs"),
]


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root; then its own user runs it."""
    return "postgres" if os.geteuid() == 0 else None


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _unprivileged()
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["initdb", "-D", folder / "data", "-U", "site", "--auth=trust", "--no-sync"], check=True, **quiet)
    options = ["-D", folder / "data", "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
    server = subprocess.Popen(["postgres", *options], **quiet)
    try:
        address = f"postgresql://site@127.0.0.1:{port}/postgres"
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(address: str, server: subprocess.Popen) -> None:
    import time

    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(address, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, "the server did not start"
            assert time.monotonic() < deadline
            time.sleep(0.1)


async def test_a_thread_lives_in_a_schema_of_its_own_is_pruned_and_goes_on(scripted, database):
    await set_up_checkpoints(database)
    await set_up_checkpoints(database)
    async with open_checkpointer(database) as saver:
        talk, model = scripted(call("search_help", query="x"), "One.", "Two.", checkpointer=saver)
        await talk.say("first")
        assert await talk.agent.prune(talk.thread)
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT COUNT(*) FROM agent.checkpoints").fetchone() == (1,)
        await talk.say("second")
        assert [message.text for message in model.last if message.type in ("human", "ai")][-2:] == ["One.", "second"]
        await talk.agent.forget_thread(talk.thread)
        assert await talk.messages() == []


async def test_sixty_turns_stay_small_when_they_are_pruned(scripted, database):
    await set_up_checkpoints(database)
    async with open_checkpointer(database) as saver:
        talk, _ = scripted(*SIXTY_TURNS, checkpointer=saver)
        await play(talk)
    assert 0 < size(database) < SMALL


def size(database: str) -> int:
    """Characters in every column of every table, for a byte two of them: rather too much than too little."""
    with psycopg.connect(database) as connection:
        named = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'agent'")
        sized = "SELECT COALESCE(SUM(OCTET_LENGTH(t::text)), 0) FROM agent.{} t"
        return sum(connection.execute(sized.format(table)).fetchone()[0] for (table,) in named.fetchall())
