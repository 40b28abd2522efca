"""No two records share a row, no prefix matches half a label, and everything can be read back."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from langgraph.store.base import InvalidNamespaceError, PutOp

from agents.store import Record
from agents.store.encoding import Rows, address_of, further_ids, id_of, level, path_of, primary_of, rows_of
from agents.store.paging import WRITTEN, writes
from agents.store.plan import Plan

characters = st.characters(exclude_categories=["Cs"])
labels = st.text(characters, min_size=1).filter(lambda label: "." not in label and "\x00" not in label)
namespaces = st.lists(labels, min_size=1, max_size=4).map(tuple)
keys = st.text(st.one_of(characters, st.sampled_from(".\x00")))
addresses = st.tuples(namespaces, keys)


@given(addresses)
def test_an_address_can_be_read_from_its_id(address):
    assert address_of(id_of(*address)) == address


@given(addresses, addresses, st.integers(1, 30), st.integers(1, 30))
def test_no_two_vectors_share_a_row(one, other, first, second):
    ids = [id_of(*one), *further_ids(id_of(*one), first, first + 1)]
    others = [id_of(*other), *further_ids(id_of(*other), second, second + 1)]
    assert one == other or not set(ids) & set(others)
    assert {primary_of(row_id) for row_id in ids} == {id_of(*one)}


@given(namespaces, namespaces)
def test_a_prefix_matches_whole_labels_only(namespace, prefix):
    row = next(rows_of(record(namespace, "k", 1), dims=2))
    matches = row.metadata.get(level(len(prefix))) == path_of(prefix)
    assert matches == (namespace[: len(prefix)] == prefix)


@given(st.lists(st.text(), max_size=3).map(tuple))
def test_what_could_be_mistaken_is_refused_before_it_becomes_an_id(namespace):
    try:
        Plan([PutOp(namespace, "k", {})])
    except (InvalidNamespaceError, ValueError):
        return
    assert address_of(id_of(namespace, "k")) == (namespace, "k")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), json_values, max_size=4), st.integers(0, 4), st.randoms())
def test_a_record_survives_its_rows_in_whatever_order_they_come(value, count, chance):
    written = record(("a", "b"), "k", count, value)
    rows = list(rows_of(written, dims=2))
    chance.shuffle(rows)
    read = Rows()
    read.add(
        {
            "ids": [row.id for row in rows],
            "metadatas": [row.metadata for row in rows],
            "embeddings": np.stack([row.vector for row in rows]),
        }
    )
    (entry,) = read.entries()
    back = entry.record()
    assert (back.value, back.namespace, back.key) == (value, ("a", "b"), "k")
    assert (back.created_at, back.updated_at) == (written.created_at, written.updated_at)
    assert np.array_equal(back.vectors, written.vectors)


def test_a_write_carries_no_more_rows_and_no_more_text_than_a_server_takes():
    sizes = [10, 10, 10, WRITTEN // 2, WRITTEN // 2, WRITTEN * 2, 10, 10]
    rows = [next(rows_of(record(("a",), str(place), 1, {"text": "x" * size}), 2)) for place, size in enumerate(sizes)]
    carried = [[row.id.rpartition(".")[2] for row in page] for page in writes(rows, most=3)]
    assert carried == [["0", "1", "2"], ["3"], ["4"], ["5"], ["6", "7"]]
    assert list(writes([], most=3)) == []


def record(namespace, key, count, value=None):
    at = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    vectors = np.arange(count * 2, dtype=np.float32).reshape(count, 2)
    return Record(namespace=namespace, key=key, value=value or {}, vectors=vectors, created_at=at, updated_at=at)
