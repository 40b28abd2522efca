"""The cases in which LangGraph's own stores fail, and which test of the contract holds each of them.

Of the first 28 InMemoryStore passes 16, SqliteStore 16 and PostgresStore 19 (tried with langgraph-checkpoint 4.3.2,
-sqlite 3.1.2 and -postgres 3.2.0); a number with # is a thread of langchain-ai/langgraph. The letters are our own.
"""

import pytest

from tests.store.contract import ExpiringStoreContract

HARD_CASES = {
    "01 the same indexed text twice in a batch (#8822)": "same_text_many_times_in_a_batch_is_indexed_each_time",
    "02 an update with index=False clears the old vector (#8214)": "put_unindexed_is_not_found_by_what_it_said_before",
    "03 other index paths drop the vectors of the former": "other_fields_replace_the_vectors_of_the_former",
    "04 page 2 with five vectors an item (#8977)": "pages_of_a_query_are_disjoint_however_deep",
    "05 a deep offset": "pages_of_a_query_are_disjoint_however_deep",
    "06 created_at stays, updated_at moves": "an_update_keeps_created_at_and_moves_updated_at",
    "07 $gt compares numbers as numbers": "each_filter_finds_what_it_says",
    "08 $gt where some lack the field or hold None": "each_filter_finds_what_it_says",
    "09 dates as ISO text with $gte": "each_filter_finds_what_it_says",
    "10 True does not match 1": "each_filter_finds_what_it_says",
    "11 a nested dictionary as a filter": "each_filter_finds_what_it_says",
    "12 $ne matches what lacks the field": "each_filter_finds_what_it_says",
    "13 a prefix stops at a label (CVE-2026-71433)": "a_prefix_ends_at_a_label",
    "14 a get of an unknown namespace creates nothing": "reading_makes_no_namespace",
    "15 a namespace vanishes with its last record": "a_namespace_vanishes_with_its_last_record",
    "16 what is returned is a copy": "changing_what_was_read_or_written_changes_nothing_stored",
    "17 odd keys": "any_text_is_a_key",
    "18 NUL in key and value": "any_json_survives_exactly",
    "19 big integers, floats and nesting survive": "any_json_survives_exactly",
    "20 an empty value": "any_json_survives_exactly",
    "21 a filtered query finds what ranks 500th": "a_filter_is_applied_before_the_ranking_is_cut",
    "22 without a query the newest come first": "without_a_query_the_newest_come_first",
    "23 one store in three event loops (#6693)": "a_store_lives_longer_than_a_loop",
    "24 an async put does not hold the loop up": "the_loop_runs_on_while_the_store_works",
    "25 omit_expired is honoured (#8902)": "what_has_expired_is_not_seen_before_the_sweep",
    "26 thousands in one batch": "a_batch_of_thousands_is_written_and_read_whole",
    "27 limit 0, and an offset past the end": "a_page_of_nothing_is_empty",
    "28 a delete and a put of one key in a batch": "a_delete_and_a_put_of_one_key_leave_what_came_last",
    "a 1 is 1.0, and neither True nor text": "what_looks_alike_is_told_apart_by_filters",
    "b integers above 2**53 are compared exactly": "what_looks_alike_is_told_apart_by_filters",
    "c lists are equal in order and depth, None included": "what_looks_alike_is_told_apart_by_filters",
    "d $ne None, and $lt of a missing field": "what_looks_alike_is_told_apart_by_filters",
    "e composed and decomposed letters differ": "keys_that_look_alike_are_different_keys",
    "f keys of 10 KB that differ in their end": "keys_that_look_alike_are_different_keys",
    "g a key that looks like labels": "a_key_may_look_like_the_rest_of_a_namespace",
    "h a namespace of one label, its own prefix": "a_namespace_may_have_one_label_and_be_its_own_prefix",
    "i put, delete, get, search and list in one batch": "all_that_a_batch_reads_is_as_before_it_whatever_it_writes",
    "j limits and offsets far beyond the end": "pages_end_where_the_records_end",
    "k nothing below a prefix, and nothing that matches": "pages_end_where_the_records_end",
    "l equal scores keep their order": "equal_scores_come_in_the_same_order_every_time",
    "m max_depth counts a name once in a page": "namespaces_cut_to_a_depth_count_once_in_a_page",
    "n paths [-1], [*], [9], '$', and leaves that are no text": "what_is_not_text_is_indexed_as_langgraph_writes_it",
    "o a put's own index=['$']": "what_is_not_text_is_indexed_as_langgraph_writes_it",
    "p 1 stays 1 and 1.0 stays 1.0, fields in their order": "numbers_keep_their_kind_and_fields_their_order",
    "q five megabytes": "a_value_of_five_megabytes_survives",
    "r refresh_ttl=False where reads prolong": "reads_refresh_by_default",
    "s a score that json can write": "an_item_that_was_found_can_be_told_as_json",
    "t a query of nothing but spaces, NUL or symbols": "an_odd_query_is_only_text",
    "u NaN, infinities and -0.0, in values and in filters": "numbers_that_are_none_survive_and_have_no_order",
    "v a value 5,000 levels deep": "a_value_nested_beyond_measure_is_refused_and_nothing_written",
    "w lone surrogates in what is asked for": "half_a_character_in_what_is_asked_for_finds_nothing_or_is_refused",
    "x a hundred labels, and one of 20 KB": "a_namespace_may_be_deep_and_its_labels_long",
    "y a label '*', wildcards with max_depth and limit": "asked_for_and_any_label_when_names_are",
    "z puts of one key at once": "many_writers_of_one_key_leave_one_record",
    "aa a query among records with index=False": "a_query_where_nothing_is_indexed_gives_all_without_scores",
    "ab a filter whose key is no text": "what_looks_alike_is_told_apart_by_filters",
}


@pytest.mark.parametrize("name", HARD_CASES.values(), ids=HARD_CASES)
def test_a_test_of_the_contract_holds_each_hard_case(name):
    assert any(test.endswith(name) and test.startswith("test_") for test in dir(ExpiringStoreContract))
