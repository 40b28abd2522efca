"""Made-up talk is found again: weights, stop words or an embedder that lose it are noticed here."""

import statistics

import pytest

from agents.embeddings import LexicalEmbeddings
from agents.store import HYBRID, ChromaStore
from bench._talks import talks
from bench.recall import ask_all, read


def test_what_was_said_once_is_found_among_small_talk_and_only_in_its_account(client, name):
    lexical = LexicalEmbeddings()
    index = {"embed": lexical, "dims": lexical.dims, "fields": ["text"]}
    found = ask_all(ChromaStore(client, collection=name, index=index, ranking=HYBRID), talks(), limit=None)
    assert statistics.mean(found.recalls[5]) > 0.82  # by vector alone it is 0.804
    assert statistics.mean(found.recalls[20]) > 0.91
    assert found.leaks == 0


@pytest.mark.parametrize("shape", [lambda a: a, lambda a: [a], lambda a: {"0": a}])
def test_a_file_holds_one_account_a_list_or_a_mapping(shape):
    account = {"documents": [{"id": "1", "text": "tea"}], "questions": []}
    assert read(shape(account)) == {"0": account}
