"""The embedder that needs no download, and the one over the network."""

import subprocess
import sys

import numpy as np
import pytest

from agents.embeddings import LexicalEmbeddings, openai_embeddings


@pytest.fixture
def embedder():
    return LexicalEmbeddings()


def likeness(embedder, one, other):
    return float(np.dot(embedder.embed_query(one), embedder.embed_query(other)))


def test_vectors_are_of_length_one_and_of_the_size_asked_for(embedder):
    for text in ("green tea", "tea " * 10_000, "お茶", "it is", "#W1", "\ud83d x"):
        assert np.linalg.norm(embedder.embed_query(text)) == pytest.approx(1)
    assert len(LexicalEmbeddings(64).embed_query("tea")) == 64


def test_a_text_without_a_word_is_the_zero_vector(embedder):
    assert embedder.embed_documents(["", " "]) == [[0.0] * 384] * 2


def test_shared_words_and_shared_letters_make_texts_alike(embedder):
    asked = "When did she paint the nursery?"
    assert likeness(embedder, asked, "We are painting the nursery green") > 0.5
    assert likeness(embedder, "aubergines", "aubergene") > likeness(embedder, "aubergines", "kettle") + 0.1
    assert abs(likeness(embedder, asked, "my kettle broke")) < 0.15


def test_the_same_text_has_the_same_vector_in_another_process(embedder):
    code = "from agents.embeddings import LexicalEmbeddings as E; print(sum(E().embed_query('green tea')[:100]))"
    printed = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout] * 2
    assert float(printed[0]) == pytest.approx(sum(embedder.embed_query("green tea")[:100]))


def test_its_name_tells_its_size(embedder):
    assert embedder.name != LexicalEmbeddings(64).name


def test_openai_embeddings_send_texts_as_texts():
    embedder = openai_embeddings(api_key="key", base_url="http://127.0.0.1:9/v1", model="small")
    assert (embedder.check_embedding_ctx_length, embedder.model) == (False, "small")
    assert embedder.openai_api_base == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize("module", ["agents.embeddings", "agents.store"])
def test_importing_brings_in_neither_chroma_nor_openai(module):
    code = f"import sys, {module}; sys.exit(int(bool({{'chromadb', 'openai', 'langchain_openai'}} & set(sys.modules))))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
