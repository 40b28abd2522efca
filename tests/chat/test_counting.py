"""What Prometheus is told of turns, read as it reads it."""

import re
from decimal import Decimal

import pytest
from prometheus_client import generate_latest

from agents.events import MessageDelta, MessageDone, MessageStarted, UsageReported
from support_site.chat import budgets, edges
from support_site.chat.models import Turn
from tests.chat.scripted import ScriptedAgent

pytestmark = pytest.mark.django_db(transaction=True)

REPLY = "00000000-0000-4000-8000-000000000001"


class Figures:
    """How much each figure has grown since."""

    def __init__(self):
        self._before = self._now()

    def __getitem__(self, name):
        return self._now().get(name, 0.0) - self._before.get(name, 0.0)

    @staticmethod
    def _now():
        lines = [line for line in generate_latest().decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.fixture
def figures():
    return Figures()


def reply(*more):
    return [
        MessageStarted(message=REPLY),
        MessageDelta(message=REPLY, text="It is on its way."),
        *more,
        MessageDone(message=REPLY, text="It is on its way.", replaced=["amount"]),
        UsageReported(input_tokens=1000, output_tokens=100),
    ]


def test_a_turn_is_counted_with_its_waits_tokens_money_and_claims(settings, say, answer, figures):
    settings.MODEL_INPUT_PRICE, settings.MODEL_OUTPUT_PRICE = Decimal(2), Decimal(10)
    assert answer(say("Where is order #W1?"), ScriptedAgent(reply())) == Turn.Status.DONE
    assert figures['support_turns_total{outcome="done",reason=""}'] == 1
    assert figures["support_queue_wait_seconds_count"] == 1
    assert figures["support_first_delta_seconds_count"] == 1
    assert figures['support_tokens_total{direction="input"}'] == 1000
    assert figures['support_tokens_total{direction="output"}'] == 100
    assert figures["support_model_cost_total"] == pytest.approx(0.003)
    assert figures['support_replaced_claims_total{kind="amount"}'] == 1


def test_a_turn_that_fails_is_counted_with_its_reason(say, answer, figures):
    assert answer(say(), ScriptedAgent([RuntimeError("no")])) == Turn.Status.FAILED
    assert figures['support_turns_total{outcome="failed",reason="failed"}'] == 1
    assert figures["support_first_delta_seconds_count"] == 0


def test_what_learning_takes_is_counted_too(settings, alice, figures):
    settings.MODEL_INPUT_PRICE, settings.MODEL_OUTPUT_PRICE = Decimal(2), Decimal(10)
    budgets.spend(alice.account, input_tokens=500, output_tokens=0)
    assert figures['support_tokens_total{direction="input"}'] == 500
    assert figures["support_model_cost_total"] == pytest.approx(0.001)


def test_a_message_sent_twice_is_counted_once(conversation, alice, figures):
    for _ in range(2):
        edges.send(conversation, alice, client_id=REPLY, text="Hello")
    assert figures["support_messages_total"] == 1


def test_no_label_holds_an_id_or_a_name(say, answer):
    answer(say("Where is my bicycle?"), ScriptedAgent(reply()))
    told = generate_latest().decode()
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", told)
    for word in ("bicycle", "alice"):
        assert word not in re.sub(r"^#.*$", "", told, flags=re.M)
