"""What the logs hold, and what they never do."""

import asyncio
import io
import json
import logging
import logging.config

import pytest
from celery.app.trace import build_tracer

from support_site import logs
from support_site.threads import in_thread

SECRET = "my cat is called Pumpkin"


@pytest.fixture
def lines(monkeypatch):
    """What a logger "site" of this form writes: a list of lines."""
    written = io.StringIO()

    def lines(form, **how):
        handler = configured(logs.configuration(level="INFO", form=form, **how))
        handler.setStream(written)
        for name in ("site", "celery.app.trace"):
            monkeypatch.setattr(logging.getLogger(name), "handlers", [handler])
            monkeypatch.setattr(logging.getLogger(name), "propagate", False)
        return lambda: written.getvalue().splitlines()

    return lines


def configured(told):
    """The handler that logging would make of this."""
    configurator = logging.config.DictConfigurator(told)
    parts = configurator.config
    parts["formatters"] = {name: configurator.configure_formatter(part) for name, part in told["formatters"].items()}
    parts["filters"] = {name: configurator.configure_filter(part) for name, part in told["filters"].items()}
    return configurator.configure_handler(parts["handlers"]["stderr"])


def fail():
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        raise RuntimeError(f"cannot read {SECRET!r}") from error


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_is_logged_with_its_kind_and_place_and_without_its_words(lines, form):
    written = lines(form)
    try:
        fail()
    except RuntimeError:
        logging.getLogger("site").exception("it failed")
    text = "\n".join(written())
    for told in ("it failed", "ValueError", "RuntimeError", "in fail"):
        assert told in text
    assert "Pumpkin" not in text


def test_a_developer_sees_its_words(lines):
    written = lines("text", keeps_words=True)
    try:
        fail()
    except RuntimeError:
        logging.getLogger("site").exception("it failed")
    assert "Pumpkin" in "\n".join(written())


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_task_that_fails_is_logged_without_the_words_of_its_exception(lines, form):
    from support_site.celery import app

    written = lines(form)
    task = app.task(fail, name="tests.fail", shared=False)
    build_tracer(task.name, task, app=app, propagate=False)("an-id", (), {}, {"id": "an-id", "is_eager": False})
    del app.tasks["tests.fail"]
    text = "\n".join(written())
    assert "tests.fail" in text
    assert "RuntimeError" in text
    assert "Pumpkin" not in text


async def test_json_lines_carry_the_ids_of_what_is_worked_on_and_of_nothing_else(lines):
    written = lines("json")
    say = logging.getLogger("site").info

    async def work(turn):
        logs.about(turn=turn, conversation="c")
        say("begun", extra={"text": SECRET})
        await in_thread(say, pool="tests")("in a thread")

    await asyncio.gather(work(1), work(2))
    say("elsewhere")
    told = [json.loads(line) for line in written()]
    assert sorted((line["message"], line.get("turn"), line.get("conversation")) for line in told[:-1]) == [
        ("begun", "1", "c"),
        ("begun", "2", "c"),
        ("in a thread", "1", "c"),
        ("in a thread", "2", "c"),
    ]
    assert set(told[-1]) == {"time", "level", "logger", "message"}
    assert told[-1]["level"] == "INFO"
    assert told[-1]["logger"] == "site"


@pytest.mark.parametrize(("level", "libraries"), [("DEBUG", "INFO"), ("INFO", "INFO"), ("ERROR", "ERROR")])
def test_libraries_are_never_heard_below_info_because_they_tell_what_they_carry(level, libraries):
    told = logs.configuration(level=level, form="text")
    assert told["root"]["level"] == libraries
    assert told["loggers"]["support_site"]["level"] == level


def test_a_message_of_several_lines_is_one_line_of_json(lines):
    written = lines("json")
    logging.getLogger("site").warning("one\ntwo %s", "three\n")
    assert [json.loads(line)["message"] for line in written()] == ["one\ntwo three\n"]
