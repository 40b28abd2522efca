"""The model of the benches: the tests' OpenAI-compatible server, in a process of its own."""

import re
import sys
from contextlib import AbstractContextManager
from functools import cache

from bench._child import child, serve_until_input_ends

#: Ordinary words that say nothing about an order: what an agent claims without ground is put right, and is then
#: not what the model streamed.
SENTENCE = "People like to read the small print with tea and biscuits. "


def model_server(*, before: float = 0.0, between: float = 0.0, words: int = 40) -> AbstractContextManager[str]:
    """Its address, for OPENAI_BASE_URL: ``before`` seconds to the first byte, ``between`` seconds between words.

    Who asks for an answer "in 600 words" gets as many, others ``words``.
    """
    return child("bench._model", str(before), str(between), str(words))


def main(before: float, between: float, words: int) -> None:
    """Only streamed questions are answered slowly: they are the customer's. Others are answered plainly."""
    from tests.openai_server import Exchange, OpenAIServer, Reply
    from tests.openai_server.app import plain_answer

    def answer(exchange: Exchange) -> Reply:
        if exchange.body.get("stream"):
            asked = re.search(r"in (\d+) words", str(exchange.body["messages"][-1]["content"]))
            text = _text(int(asked[1]) if asked else words)
            return Reply(text=text, before=before, between=between)
        return plain_answer(exchange)

    with OpenAIServer(answer=answer) as server:
        serve_until_input_ends(server.url)


@cache
def _text(words: int) -> str:
    return " ".join((SENTENCE * (words // 10 + 1)).split()[:words])


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
