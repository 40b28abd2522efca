"""``python -m tests.store.child FOLDER WORK``: what another process does to a folder."""

import sys

import chromadb
from chromadb.config import Settings
from langgraph.store.base import PutOp

from agents.store import ChromaStore, StoreUnavailable
from tests.store.contract.stage import topics_index

COUNT = 600


def main(folder: str, work: str) -> int:
    """0 if the work could be done, 3 if the store was refused."""
    client = chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))
    store = ChromaStore(client, index=topics_index())
    try:
        if work == "fill":
            store.batch([PutOp(("accounts", str(n % 10)), str(n), {"text": f"tea {n}"}) for n in range(COUNT)])
        store.search(("accounts", "1"), query="tea")
    except StoreUnavailable as error:
        sys.stderr.write(str(error))
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
