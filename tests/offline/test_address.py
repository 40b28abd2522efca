"""Postal addresses in the sentences of customers."""

import pytest

from agents.offline.address import address_in, completed, missing

BOSTON = {"address1": "12 Main Street", "city": "Boston", "state": "MA", "zip": "02115"}
HOME = {"address1": "1 Elm St", "address2": "Apt 9", "city": "Austin", "state": "TX", "country": "USA", "zip": "78701"}


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("change it to 12 Main Street, Boston, MA 02115", BOSTON),
        ("ship to 12 Main Street, Boston, Massachusetts, 02115 please", BOSTON),
        ("12 Main Street Boston MA 02115", BOSTON),
        ("12 Main Street\nBoston, MA 02115", BOSTON),
        ("order #W2611340 goes to 12 Main Street, Boston, MA 02115", BOSTON),
        ("12 Main Street, Apt 4, Boston, MA 02115, USA", {**BOSTON, "address2": "Apt 4", "country": "USA"}),
        ("12 Main Street, Suite 200, Boston MA 02115-1234", {**BOSTON, "address2": "Suite 200", "zip": "02115-1234"}),
        (
            "to 101 Highway, New York, NY, 10001",
            {"address1": "101 Highway", "city": "New York", "state": "NY", "zip": "10001"},
        ),
        ("456 Oak Ave", {"address1": "456 Oak Ave"}),
        ("Suite 641 instead", {"address2": "Suite 641"}),
        (
            "10 Downing Street, London, SW1A 2AA, UK",
            {"address1": "10 Downing Street", "city": "London", "zip": "SW1A 2AA", "country": "United Kingdom"},
        ),
        ("cancel my order", {}),
        ("I want it delivered tomorrow", {}),
        ("order 2611340", {}),
    ],
)
def test_parts_are_found(said: str, parts: dict[str, str]) -> None:
    assert address_in(said) == parts


@pytest.mark.parametrize(
    ("said", "asked", "parts"),
    [
        ("Boston, MA 02115", ["city", "state", "zip"], {"city": "Boston", "state": "MA", "zip": "02115"}),
        ("Boston", ["city"], {"city": "Boston"}),
        ("massachusetts", ["state"], {"state": "MA"}),
        ("Ontario", ["state"], {"state": "Ontario"}),
        ("the zip is 02115", ["zip"], {"zip": "02115"}),
        ("It's Boston, Massachusetts and the zip is 02115", ["city", "state", "zip"], {**BOSTON} | {}),
    ],
)
def test_an_answer_fills_what_was_asked_for(said: str, asked: list[str], parts: dict[str, str]) -> None:
    parts.pop("address1", None)
    assert address_in(said, asked) == parts


def test_a_new_door_stays_in_the_same_street() -> None:
    assert completed({"address2": "Suite 641"}, HOME) == {**HOME, "address2": "Suite 641"}


def test_a_new_street_brings_nothing_of_the_old_address() -> None:
    address = completed({"address1": "5 Oak Ave"}, HOME)
    assert address["address2"] == ""
    assert missing(address) == ["city", "state", "zip"]


def test_the_country_follows_from_the_state() -> None:
    assert completed(BOSTON, {**HOME, "country": "Canada"})["country"] == "USA"
    assert (
        completed({"address1": "1 King St", "state": "Ontario"}, {**HOME, "country": "Canada"})["country"] == "Canada"
    )
