"""The processes of a service: every queue is served, turns by a worker of their own, and the README names the same."""

import re
from pathlib import Path

from support_site.celery import app

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
SERVED = {name: set(",".join(re.findall(r"--queues (\S+)", command)).split(",")) for name, command in COMMANDS.items()}


def test_every_queue_has_a_worker_and_turns_share_theirs_with_nothing():
    routed = {route["queue"] for route in app.conf.task_routes.values()} | {app.conf.task_default_queue}
    assert SERVED["worker"] == {"turns"}
    assert {queue for queues in SERVED.values() for queue in queues if queue} == routed


def test_what_takes_up_lost_turns_does_not_wait_behind_other_work():
    routes = app.conf.task_routes
    assert routes["support_site.chat.tasks.recover_turns"] == routes["support_site.chat.tasks.answer"]


def test_the_readme_starts_what_the_procfile_starts():
    readme = (ROOT / "README.md").read_text()
    for name in ("worker", "background"):
        assert COMMANDS[name] in readme
