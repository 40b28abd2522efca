"""A store to try things on: it answers like the one beneath it but for what was laid over it; writes are kept aside."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from langgraph.store.base import BaseStore, GetOp, Item, Op, PutOp, Result, SearchItem, SearchOp

from agents.namespaces import Namespace

Value = Mapping[str, Any] | None


class Overlay(BaseStore):
    """``laid_over`` stands in place of what the store has; None: it is not there. Nothing is ever written beneath.

    What a run writes is read again by the same run, and is in ``kept_aside`` afterwards.
    """

    def __init__(self, store: BaseStore, laid_over: Mapping[tuple[Namespace, str], Value]) -> None:
        self._store = store
        self._over = dict(laid_over)
        self.kept_aside: list[PutOp] = []

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        ops = list(ops)
        return self._answered(ops, self._store.batch(_reads(ops)))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        ops = list(ops)
        return self._answered(ops, await self._store.abatch(_reads(ops)))

    def _answered(self, ops: list[Op], found: list[Result]) -> list[Result]:
        results = iter(found)
        answers = [None if isinstance(op, PutOp) else self._over_it(op, next(results)) for op in ops]
        for put in (op for op in ops if isinstance(op, PutOp)):
            self._over[put.namespace, put.key] = put.value
            self.kept_aside.append(put)
        return answers

    def _over_it(self, op: Op, result: Result) -> Result:
        if isinstance(op, GetOp) and (op.namespace, op.key) in self._over:
            value = self._over[op.namespace, op.key]
            return None if value is None else _item(Item, op.namespace, op.key, value)
        if isinstance(op, SearchOp) and isinstance(result, list):
            return self._searched(op, [item for item in result if isinstance(item, SearchItem)])
        return result

    def _searched(self, op: SearchOp, items: list[SearchItem]) -> list[SearchItem]:
        """What the store found, as it is here; what is only here comes last."""
        depth = len(op.namespace_prefix)
        over = {place: value for place, value in self._over.items() if place[0][:depth] == op.namespace_prefix}
        places = [(item.namespace, item.key) for item in items]
        told = [
            _item(SearchItem, *at, over[at]) if at in over else item for at, item in zip(places, items, strict=True)
        ]
        only_here = [_item(SearchItem, *at, value) for at, value in over.items() if at not in places]
        shown = [*told, *only_here] if op.offset == 0 else told
        return [item for item in shown if item.value is not None][: op.limit]


def _reads(ops: list[Op]) -> list[Op]:
    return [op for op in ops if not isinstance(op, PutOp)]


def _item(kind: Any, namespace: Namespace, key: str, value: Value) -> Any:
    now = datetime.now(UTC)
    return kind(namespace=namespace, key=key, value=value, created_at=now, updated_at=now)
