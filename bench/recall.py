"""How many of the records that answer a question a search finds, and whether a search ever leaves its account.

python -m bench.recall [--data FILE] [--limit 200]

FILE is JSON: one object, or a list or mapping of objects (one an account), each
{"documents": [{"id", "text"}], "questions": [{"text", "evidence": [ids]}]}. Without it, made-up conversations.
recall@k is the share of a question's evidence among the first k results, averaged over the questions that have
evidence. OpenAI's embedder joins in if OPENAI_API_KEY is set (OPENAI_BASE_URL, OPENAI_EMBEDDING_MODEL as well).
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import chromadb
from chromadb.config import Settings
from langchain_core.embeddings import Embeddings
from langgraph.store.base import BaseStore, PutOp
from langgraph.store.memory import InMemoryStore

from agents.embeddings import LexicalEmbeddings, openai_embeddings
from agents.store import HYBRID, VECTOR, ChromaStore, Ranking
from bench._figures import percentile, show
from bench._talks import talks

Accounts = dict[str, dict[str, Any]]
DEPTHS = (5, 10, 20)
RANKINGS = {"vector": VECTOR, "words": Ranking(lexical=1), "hybrid": HYBRID}
OPENAI_MODEL = "text-embedding-3-small"


@dataclass
class Found:
    recalls: dict[int, list[float]] = field(default_factory=lambda: {depth: [] for depth in DEPTHS})
    milliseconds: list[float] = field(default_factory=list)
    leaks: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--limit", type=int, help="questions an account")
    options = parser.parse_args()
    accounts = read(json.loads(options.data.read_text())) if options.data else talks()
    documents = sum(len(account["documents"]) for account in accounts.values())
    rows: list[tuple[str, ...]] = [("store", "recall@5", "recall@10", "recall@20", "seconds a query (p95)", "leaks")]
    questions = 0
    with TemporaryDirectory(prefix="bench-") as folder:
        for name, store in stores(folder):
            found = ask_all(store, accounts, options.limit)
            questions = len(found.milliseconds)
            rows.append((name, *figures(found)))
    show(f"Recall: {len(accounts)} accounts, {documents} documents, {questions} questions", rows)


def read(data: Any) -> Accounts:
    """The accounts of a file, whichever of the three shapes it has."""
    if isinstance(data, list):
        return {str(number): account for number, account in enumerate(data)}
    return {"0": data} if "documents" in data else data


def embedders() -> Iterator[tuple[str, Embeddings, int]]:
    lexical = LexicalEmbeddings()
    yield lexical.name, lexical, lexical.dims
    if key := os.environ.get("OPENAI_API_KEY"):
        model = os.environ.get("OPENAI_EMBEDDING_MODEL", OPENAI_MODEL)
        embedder = openai_embeddings(api_key=key, base_url=os.environ.get("OPENAI_BASE_URL") or None, model=model)
        yield model, embedder, len(embedder.embed_query("how many dimensions?"))


def stores(folder: str) -> Iterator[tuple[str, BaseStore]]:
    client = chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))
    for number, (name, embedder, dims) in enumerate(embedders()):
        index: Any = {"embed": embedder, "dims": dims, "fields": ["text"]}
        yield f"InMemoryStore, {name}", InMemoryStore(index=index)
        for kind, ranking in RANKINGS.items():
            store = ChromaStore(client, index=index, ranking=ranking, collection=f"{kind}-{number}-bench")
            yield f"ChromaStore {kind}, {name}", store


def ask_all(store: BaseStore, accounts: Accounts, limit: int | None) -> Found:
    # InMemoryStore refuses a batch with the same text twice (langchain-ai/langgraph#8822).
    at_once = 1 if isinstance(store, InMemoryStore) else 500
    for name, account in accounts.items():
        puts = [PutOp(("accounts", name, "memories"), d["id"], {"text": d["text"]}) for d in account["documents"]]
        for start in range(0, len(puts), at_once):
            store.batch(puts[start : start + at_once])
    found = Found()
    for name, account in accounts.items():
        for question in [q for q in account["questions"] if q["evidence"]][:limit]:
            ask(store, name, question, found)
    return found


def ask(store: BaseStore, account: str, question: dict[str, Any], found: Found) -> None:
    start = time.perf_counter()
    items = store.search(("accounts", account), query=question["text"], limit=max(DEPTHS))
    found.milliseconds.append((time.perf_counter() - start) * 1_000)
    found.leaks += sum(item.namespace[1] != account for item in items)
    evidence = set(question["evidence"])
    for depth in DEPTHS:
        found.recalls[depth].append(len(evidence & {item.key for item in items[:depth]}) / len(evidence))


def figures(found: Found) -> tuple[str, ...]:
    recalls = [f"{statistics.mean(found.recalls[depth]):.3f}" for depth in DEPTHS]
    slow = percentile(found.milliseconds, 95) / 1_000
    seconds = f"{statistics.median(found.milliseconds) / 1_000:.4f} ({slow:.4f})"
    return (*recalls, seconds, str(found.leaks))


if __name__ == "__main__":
    main()
