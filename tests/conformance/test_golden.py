"""The agent's tools agree with an independent reference of the shop's rules, case by case."""

import copy
from dataclasses import replace

import pytest

from tests.conformance import GOLDEN, MANNERS, require_golden
from tests.conformance.golden import cases
from tests.conformance.play import play

KINDS = ("tasks_base", "tasks_dev", "single_calls", "sequences")

#: Of every this many cases one is in the sample.
SAMPLE = 12


@pytest.fixture(params=KINDS)
def golden(request):
    require_golden()
    return list(cases(GOLDEN / f"{request.param}.jsonl"))


def faults(verdicts):
    return [(verdict.case, verdict.faults) for verdict in verdicts if verdict.faults]


@pytest.mark.parametrize("manner", MANNERS)
async def test_a_sample_of_golden_cases_agrees(memory_store, shop, golden, manner):
    store, open_account = memory_store
    assert not faults(await play(store, shop, golden[::SAMPLE], manner, open_account))


@pytest.mark.golden
@pytest.mark.parametrize("manner", MANNERS)
async def test_every_golden_case_agrees_over_the_ledger(ledger_store, shop, golden, manner):
    store, open_account = ledger_store
    assert not faults(await play(store, shop, golden, manner, open_account))


async def test_a_record_that_differs_is_noticed(memory_store, shop):
    require_golden()
    store, open_account = memory_store
    case = next(case for case in cases(GOLDEN / "tasks_dev.jsonl") if case.changed.get("orders"))
    wrong = copy.deepcopy(case.changed)
    next(iter(wrong["orders"].values()))["payment_history"][0]["amount"] += 0.01
    verdicts = await play(store, shop, [case, replace(case, changed=wrong)], "as_owner", open_account)
    assert [bool(verdict.faults) for verdict in verdicts] == [False, True]


async def test_a_refusal_that_differs_is_noticed(memory_store, shop):
    require_golden()
    store, open_account = memory_store
    case = next(case for case in cases(GOLDEN / "single_calls.jsonl") if case.calls[0].refused)
    wrong = replace(case, calls=[replace(case.calls[0], refused=False)])
    verdicts = await play(store, shop, [case, wrong], "as_owner", open_account)
    assert [bool(verdict.faults) for verdict in verdicts] == [False, True]


async def test_a_read_that_differs_is_noticed(memory_store, shop):
    require_golden()
    store, open_account = memory_store
    case = next(
        case
        for case in cases(GOLDEN / "tasks_base.jsonl")
        if any(call.tool == "get_order_details" and not call.refused for call in case.calls)
    )
    calls = [
        replace(call, observation={**call.observation, "status": "lost"}) if call.tool == "get_order_details" else call
        for call in case.calls
    ]
    verdicts = await play(store, shop, [case, replace(case, calls=calls)], "as_owner", open_account)
    assert [bool(verdict.faults) for verdict in verdicts] == [False, True]
