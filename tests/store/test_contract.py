"""The contract, for ChromaStore on both kinds of Chroma and for LangGraph's own InMemoryStore."""

from typing import ClassVar

import pytest
from langgraph.store.memory import InMemoryStore

from agents.store import ChromaStore
from tests.store.contract import ExpiringStoreContract, StoreContract


class TestChromaStoreEmbedded(ExpiringStoreContract):
    @pytest.fixture
    def opened(self, client, name):
        return lambda **options: ChromaStore(client, collection=name, **options)


@pytest.mark.service
class TestChromaStoreOnAServer(ExpiringStoreContract):
    @pytest.fixture
    def opened(self, server_client, name):
        return lambda **options: ChromaStore(server_client, collection=name, **options)


class TestInMemoryStore(StoreContract):
    """What it differs in is what the interface leaves open or its issues call a bug; the promises are ours."""

    differs: ClassVar = {
        "test_what_is_put_unindexed_is_not_found_by_what_it_said_before": "langchain-ai/langgraph#8214",
        "test_other_fields_replace_the_vectors_of_the_former": "langchain-ai/langgraph#8214",
        "test_fewer_texts_leave_no_vector_behind": "langchain-ai/langgraph#8214",
        "test_each_distinct_text_of_a_batch_is_embedded_once": "langchain-ai/langgraph#8822",
        "test_the_same_text_many_times_in_a_batch_is_indexed_each_time": "langchain-ai/langgraph#8822",
        "test_an_odd_query_is_only_text": "a query that points nowhere warns of a division by zero",
        "test_without_a_query_the_newest_come_first": "open in the interface; it keeps the order of entry",
        "test_the_order_of_a_batch_is_kept": "open in the interface; see above",
        "test_each_filter_finds_what_it_says": "True equals 1, and an order fails on None and on text",
        "test_a_batch_refuses_a_label_with_a_dot": "it joins no labels, so none can be mistaken",
        "test_a_namespace_given_as_a_list_is_a_tuple_when_it_comes_back": "it compares a list with tuples",
        "test_reading_makes_no_namespace": "a get enters its namespace",
        "test_a_namespace_vanishes_with_its_last_record": "an empty namespace stays listed",
        "test_changing_what_was_read_or_written_changes_nothing_stored": "it hands out what it keeps",
        "test_an_update_keeps_created_at_and_moves_updated_at": "an update sets created_at anew",
        "test_what_is_not_json_is_refused_and_nothing_written": "it keeps any Python object",
        "test_a_value_nested_beyond_measure_is_refused_and_nothing_written": "it keeps any Python object",
        "test_half_a_character_in_what_is_asked_for_finds_nothing_or_is_refused": "a get enters its namespace",
        "test_a_query_where_nothing_is_indexed_gives_all_without_scores": "what has no score is on every page",
        "test_the_loop_runs_on_while_the_store_works": "it works on the loop",
        "test_half_a_character_in_a_key_is_refused": "it writes no file",
        "test_what_looks_alike_is_told_apart_by_filters": "see above: True equals 1, an order fails on None",
        "test_all_that_a_batch_reads_is_as_before_it_whatever_it_writes": "a get enters its namespace",
        "test_pages_end_where_the_records_end": "langchain-ai/langgraph#8822",
        "test_equal_scores_come_in_the_same_order_every_time": "langchain-ai/langgraph#8822",
        "test_what_is_not_text_is_indexed_as_langgraph_writes_it": "it takes the path '$' of a put for a field",
    }

    @pytest.fixture
    def opened(self):
        return lambda **options: InMemoryStore(**options)
