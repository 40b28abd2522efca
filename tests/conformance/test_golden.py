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


def golden(kind):
    require_golden()
    return list(cases(GOLDEN / f"{kind}.jsonl"))


def faults(verdicts):
    return [(verdict.case, verdict.faults) for verdict in verdicts if verdict.faults]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("manner", MANNERS)
async def test_a_sample_of_golden_cases_agrees(in_memory, kind, manner):
    assert not faults(await play(in_memory, golden(kind)[::SAMPLE], manner))
    assert not faults([await in_memory.whole_shop()])


@pytest.mark.golden
async def test_every_golden_case_agrees_over_the_ledger(over_ledger):
    for manner in MANNERS:
        for kind in KINDS:
            assert not faults(await play(over_ledger, golden(kind), manner)), (kind, manner)
        assert not faults([await over_ledger.whole_shop()]), manner


async def test_a_record_that_differs_is_noticed(in_memory):
    case = next(case for case in golden("tasks_dev") if case.changed.get("orders"))
    wrong = copy.deepcopy(case.changed)
    next(iter(wrong["orders"].values()))["payment_history"][0]["amount"] += 0.01
    verdicts = await play(in_memory, [case, replace(case, changed=wrong)], "as_owner")
    assert [bool(verdict.faults) for verdict in verdicts] == [False, True]


async def test_a_refusal_that_differs_is_noticed(in_memory):
    case = next(case for case in golden("single_calls") if case.calls[0].refused)
    wrong = replace(case, calls=[replace(case.calls[0], refused=False)])
    verdicts = await play(in_memory, [case, wrong], "as_owner")
    assert [bool(verdict.faults) for verdict in verdicts] == [False, True]


async def test_a_read_that_differs_is_noticed(in_memory):
    case = next(
        case
        for case in golden("tasks_base")
        if any(call.tool == "get_order_details" and not call.refused for call in case.calls)
    )
    calls = [
        replace(call, observation={**call.observation, "status": "lost"}) if call.tool == "get_order_details" else call
        for call in case.calls
    ]
    verdicts = await play(in_memory, [case, replace(case, calls=calls)], "as_owner")
    assert [bool(verdict.faults) for verdict in verdicts] == [False, True]


async def test_a_record_that_was_left_behind_is_noticed(in_memory, shop):
    case = next(case for case in golden("single_calls") if case.calls[0].refused)
    assert not faults([await in_memory.whole_shop()])
    user_id = shop.owner(case.calls[0])
    await in_memory.leave_behind(user_id, "#W0000001")
    assert faults([await in_memory.whole_shop()]) == [("the whole shop", [f"the records of {user_id} changed"])]
