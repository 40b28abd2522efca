"""Embedders: one of our own that needs no download, and OpenAI's (or a compatible server's)."""

import math
import zlib
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from agents.llm import OPENAI_URL
from agents.store.words import words

if TYPE_CHECKING:
    from langchain_openai import OpenAIEmbeddings

_GRAMS = (3, 4)
#: What the pieces of a word weigh together, beside 1 for the word itself: misspelt and related words meet there.
_PIECES_WEIGHT = 0.5


class LexicalEmbeddings(Embeddings):
    """Hashed stemmed words and the character 3- and 4-grams inside them, as unit vectors.

    Texts that share words, or words that share their letters, are near; it knows no synonyms. The same text
    gives the same vector in every process, and a text without a letter or digit gives the zero vector.
    """

    def __init__(self, dims: int = 384) -> None:
        self.dims = dims
        #: Written into the collection: vectors of another version or size must not be mixed with these.
        self.name = f"lexical-2-{dims}"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        counts = Counter(words(text) or text.casefold().split())
        if not counts:
            return [0.0] * self.dims
        features = [(count, *_features(word, self.dims)) for word, count in counts.items()]
        places = np.concatenate([places for _, places, _ in features])
        weights = np.concatenate([weights * (1 + math.log(count)) for count, _, weights in features])
        vector = np.bincount(places, weights, minlength=self.dims)
        length = float(np.linalg.norm(vector))
        embedded: list[float] = (vector / length if length else vector).tolist()
        return embedded


@lru_cache(maxsize=1 << 15)
def _features(word: str, dims: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Where a word falls in a vector, and with what weights; the sign keeps collisions from adding up."""
    framed = f"^{word}$"
    pieces = [framed[i : i + size] for size in _GRAMS for i in range(len(framed) - size + 1)]
    hashes = np.array([zlib.crc32(text.encode("utf-8", "replace")) for text in (word, *pieces)], dtype=np.int64)
    weights = np.full(len(hashes), np.sqrt(_PIECES_WEIGHT / max(len(pieces), 1)))
    weights[0] = 1.0
    return hashes % dims, np.where(hashes >> 31, -weights, weights)


def openai_embeddings(*, api_key: str, base_url: str = "", model: str) -> "OpenAIEmbeddings":
    """Embeddings of OpenAI, or of a server at ``base_url`` that speaks its protocol and may need no key.

    Texts are sent as text: the default cuts them into OpenAI's token numbers first, which other servers
    do not understand and which needs a download.
    """
    from langchain_openai import OpenAIEmbeddings
    from pydantic import SecretStr

    return OpenAIEmbeddings(
        # As in agents/llm.py: the client refuses to be made without a key, and reads the address from the environment.
        api_key=SecretStr(api_key or "not-needed"),
        base_url=base_url or OPENAI_URL,
        model=model,
        check_embedding_ctx_length=False,
    )
