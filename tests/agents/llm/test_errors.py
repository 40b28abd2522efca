"""What the errors tell, and what they must not."""

import logging
import time

import pytest

from agents import errors
from tests.agents.llm.reading import KEY, QUESTION, read
from tests.openai_server import OpenAIServer


async def test_the_key_is_neither_in_the_error_nor_in_the_log(caplog, model_of):
    caplog.set_level(logging.INFO)
    log = logging.getLogger("a.caller")
    with OpenAIServer(api_key="sk-the-right-one") as server, pytest.raises(errors.ModelMisconfigured) as caught:
        await read(model_of(server))
    try:
        raise caught.value
    except errors.ModelError:
        log.exception("The turn failed.")
    assert KEY in server.exchanges[0].headers["authorization"]
    for text in (str(caught.value), repr(caught.value), caught.value.sentence, caplog.text):
        assert KEY not in text
        assert QUESTION not in text
    assert "HTTP 401" in str(caught.value)


async def test_an_error_of_our_own_passes_the_wall_unchanged():
    class OurOwn(Exception):
        pass

    with pytest.raises(OurOwn), errors.wrap_model_errors():
        raise OurOwn
    assert errors.model_error(OurOwn()) is None


def test_every_error_has_a_code_of_its_own_and_a_sentence_for_the_customer():
    kinds = errors.ModelError.__subclasses__()
    assert len({kind.code for kind in kinds} | {errors.ModelError.code}) == len(kinds) + 1
    assert all(kind.sentence.endswith((".", "?")) and "HTTP" not in kind.sentence for kind in kinds)


def test_retry_after_is_read_as_seconds_and_as_a_date():
    class Answer:
        def __init__(self, value):
            self.headers = {"retry-after": value}

    class FromProvider(TimeoutError):
        def __init__(self, value):
            self.response = Answer(value)

    future = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 90))
    assert errors.model_error(FromProvider("2.5")).retry_after == 2.5
    assert errors.model_error(FromProvider(future)).retry_after == pytest.approx(90, abs=2)
    assert errors.model_error(FromProvider("soon")).retry_after is None
