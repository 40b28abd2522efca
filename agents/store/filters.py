"""LangGraph's search filters, evaluated on the value itself.

Chroma's own ``where`` has no null, no nesting and no order on strings, so it only narrows by namespace.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

_MISSING = object()


def matches(value: Mapping[str, Any], conditions: Mapping[str, Any] | None) -> bool:
    """Whether a value fulfils every condition of a ``SearchOp.filter``.

    A condition is a plain value (equality; a dict without operators matches the keys it names), or a dict of
    ``$eq $ne $gt $gte $lt $lte`` that must all hold. A key is looked up literally first and as a dotted path
    second. Missing counts as None for equality and fails every order. Booleans never equal numbers.
    Raises ValueError for an unknown operator.
    """
    return all(_holds(_lookup(value, key), condition) for key, condition in (conditions or {}).items())


def check(conditions: Mapping[str, Any] | None) -> None:
    """Raise ValueError for an unknown operator, also where no value would be looked at."""
    for condition in (conditions or {}).values():
        if _is_operators(condition):
            for name in condition:
                _operator(name)
        elif isinstance(condition, Mapping):
            check(condition)


def _lookup(value: Mapping[str, Any], key: str) -> Any:
    if key in value:
        return value[key]
    found: Any = value
    for part in str(key).split("."):
        if not isinstance(found, Mapping) or part not in found:
            return _MISSING
        found = found[part]
    return found


def _holds(actual: Any, condition: Any) -> bool:
    if _is_operators(condition):
        return all(_operator(name)(actual, operand) for name, operand in condition.items())
    return _equal(actual, condition)


def _is_operators(condition: Any) -> bool:
    return isinstance(condition, Mapping) and any(str(key).startswith("$") for key in condition)


def _operator(name: str) -> Callable[[Any, Any], bool]:
    try:
        return _OPERATORS[name]
    except KeyError:
        raise ValueError(f"Unsupported operator: {name}. Use one of {', '.join(sorted(_OPERATORS))}.") from None


def _equal(actual: Any, expected: Any) -> bool:
    if actual is _MISSING:
        actual = None
    if isinstance(expected, Mapping):
        return isinstance(actual, Mapping) and all(
            _holds(actual.get(key, _MISSING), part) for key, part in expected.items()
        )
    if isinstance(expected, list | tuple):
        return (
            isinstance(actual, list | tuple)
            and len(actual) == len(expected)
            and all(_equal(a, e) for a, e in zip(actual, expected, strict=True))
        )
    return isinstance(actual, bool) == isinstance(expected, bool) and bool(actual == expected)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Numbers and numeric strings by size, other strings as text (ISO dates), anything else never."""

    def holds(actual: Any, operand: Any) -> bool:
        left, right = _number(actual), _number(operand)
        if left is not None and right is not None:
            return compare(left, right)
        return isinstance(actual, str) and isinstance(operand, str) and compare(actual, operand)

    return holds


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return None


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _equal,
    "$ne": lambda actual, operand: not _equal(actual, operand),
    "$gt": _ordered(operator.gt),
    "$gte": _ordered(operator.ge),
    "$lt": _ordered(operator.lt),
    "$lte": _ordered(operator.le),
}
