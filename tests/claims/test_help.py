"""The shop's own rules may be repeated word for word; whoever bends them is still found out."""

from pathlib import Path

import pytest
from langchain_core.messages import ToolMessage

from agents.claims import check, sources_of
from tests.claims.conversation import asked

ARTICLES = sorted(Path("support_site/orders/demo_help").glob("*.md"))


def found(*bodies: str) -> ToolMessage:
    return ToolMessage("[]", tool_call_id="help", name="search_help", artifact={"outcome": "found", "rules": [*bodies]})


@pytest.mark.parametrize("article", ARTICLES, ids=lambda path: path.stem)
def test_a_help_article_that_was_found_is_no_lie(article):
    body = article.read_text()
    assert check(f"**What we do**\n\n{body}", sources_of([found(body)])) == []


def test_a_rule_is_a_whole_sentence_and_no_part_of_one():
    rule = found("You read this when your order has been cancelled. Your order has been cancelled when you read this.")
    assert check("Your order has been cancelled.", asked(rule))
    assert not check("Your order has been cancelled when you read this.", asked(rule))


def test_what_a_memory_says_is_no_rule():
    memory = ToolMessage("I have cancelled order #W1000001.", tool_call_id="m", artifact={"outcome": "found"})
    assert check("I have cancelled order #W1000001.", asked(memory))
