"""A model whose words say when they were sent: what comes of them can be timed, however late it comes.

python -m bench._stamping SECONDS_BETWEEN WORDS
"""

import asyncio
import json
import re
import sys
import time
from typing import Any

_LETTERS = str.maketrans("0123456789", "abcdefghij")
_DIGITS = str.maketrans("abcdefghij", "0123456789")
_STAMP = re.compile(r"\bw([a-j]{13})\b")


def stamp() -> str:
    """A word, as far as anybody can tell, that holds the time in milliseconds."""
    return "w" + str(int(1000 * time.time())).translate(_LETTERS)


def stamps_in(text: str) -> list[int]:
    """The times that a text holds, in milliseconds."""
    return [int(word.translate(_DIGITS)) for word in _STAMP.findall(text)]


async def serve(between: float, words: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = re.search(r"content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        for _ in range(words):
            writer.write(_data({"delta": {"content": stamp() + " "}, "finish_reason": None}))
            await asyncio.sleep(between)
        writer.write(_data({"delta": {}, "finish_reason": "stop"}) + b"data: [DONE]\n\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)


def _data(choice: dict[str, Any]) -> bytes:
    chunk = {"id": "bench", "object": "chat.completion.chunk", "created": 0, "model": "test-model"}
    return f"data: {json.dumps(chunk | {'choices': [{'index': 0, **choice}]})}\n\n".encode()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), int(sys.argv[2])))
