"""Embeddings of the test server: hashed words, so that texts that share words lie near one another."""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Mapping
from typing import Any

DIMENSIONS = 64


def vector(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """A unit vector that depends on the words of the text and on nothing else."""
    counts = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()) or [""]:
        digest = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
        counts[digest % dimensions] += 1.0
    length = math.sqrt(sum(count * count for count in counts))
    return [count / length for count in counts]


def embeddings(body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to /v1/embeddings: ``input`` is a text, a list of texts or (lists of) tokens."""
    given = body["input"]
    texts = given if isinstance(given, list) and not all(isinstance(item, int) for item in given) else [given]
    vectors: list[Any] = [vector(str(text), body.get("dimensions") or DIMENSIONS) for text in texts]
    if body.get("encoding_format") == "base64":
        vectors = [base64.b64encode(struct.pack(f"<{len(v)}f", *v)).decode() for v in vectors]
    rows = [{"object": "embedding", "index": place, "embedding": v} for place, v in enumerate(vectors)]
    words = sum(len(str(text).split()) for text in texts)
    usage = {"prompt_tokens": words, "total_tokens": words}
    return {"object": "list", "model": body.get("model", ""), "data": rows, "usage": usage}
