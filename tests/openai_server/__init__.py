"""A server that speaks OpenAI's protocol, for tests and benches: real HTTP on a free port of the loopback.

    with OpenAIServer() as server:
        server.will(fails(429, headers={"retry-after": "1"}), says("Hello Bob."))
        model = chat_model(base_url=server.url, api_key="key", model="test-model", timeout=5)
        ...
        assert server.exchanges[-1].body["stream"] is True

It answers /v1/chat/completions (whole and streamed, tool calls, usage, structured output), /v1/embeddings
(floats and base64) and /v1/models. What goes wrong on request is listed at ``Reply`` and ``Trouble``.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType

import uvicorn

from tests.openai_server.app import App, Exchange
from tests.openai_server.replies import Hold, Reply, Trouble, calls, fails, says
from tests.openai_server.vectors import vector

__all__ = ["Exchange", "Hold", "OpenAIServer", "Reply", "Trouble", "calls", "fails", "says", "vector"]

START_SECONDS = 10.0
_numbers = itertools.count(1)


class OpenAIServer:
    """A context manager: serves inside the ``with`` block, from a thread with a loop of its own."""

    def __init__(
        self,
        *,
        api_key: str | None = None,
        models: Iterable[str] = ("test-model",),
        answer: Callable[[Exchange], Reply] | None = None,
        port: int = 0,
    ) -> None:
        self._app = App(api_key=api_key, models=models)
        self._number = next(_numbers)
        if answer:
            self._app.answer = answer
        config = uvicorn.Config(
            self._app,
            host="127.0.0.1",
            port=port,
            lifespan="off",
            ws="none",
            log_config=None,
            # A dropped connection is an error to uvicorn, and the very thing this server is for.
            log_level="critical",
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, name="openai-server", daemon=True)

    def will(self, *replies: Reply) -> None:
        """Answer the next chat completions with these, in order; afterwards with ``answer`` again."""
        self._app.queue.extend(replies)

    def will_fail_to_embed(self, *failures: Reply) -> None:
        """Answer the next requests for embeddings with these failures, in order."""
        self._app.embedding_failures.extend(failures)

    def answers(self, answer: Callable[[Exchange], Reply]) -> None:
        """Answer every chat completion that has no reply queued with what the function returns for it."""
        self._app.answer = answer

    @property
    def exchanges(self) -> list[Exchange]:
        """Every request so far, in order of arrival, with what became of it."""
        return self._app.exchanges

    @property
    def disconnects(self) -> int:
        """How many clients left before their answer was whole."""
        return sum(exchange.outcome == "client left" for exchange in self.exchanges)

    @property
    def url(self) -> str:
        """The base address as OPENAI_BASE_URL wants it, ending in /v1.

        langchain-openai keeps its HTTP clients by address for the life of the process, so each server has an
        address of its own, even when it got the port of an earlier one.
        """
        return f"http://127.0.0.1:{self.port}/{self._number}/v1"

    @property
    def port(self) -> int:
        return self._uvicorn.servers[0].sockets[0].getsockname()[1]

    def wait_until(self, holds: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait for something that happens on the server's thread; AssertionError if it does not."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"did not happen within {seconds} s: {self.exchanges}"
            time.sleep(0.005)

    def __enter__(self) -> "OpenAIServer":
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._uvicorn.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("The test server did not start.")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._uvicorn.should_exit = self._uvicorn.force_exit = True
        self._thread.join(START_SECONDS)
