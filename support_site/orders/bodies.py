"""A request's JSON, read more strictly than Python does by itself."""

import json
from collections import Counter
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

#: Larger than any order, far smaller than what would hold up a process.
MOST_BYTES = 1_000_000
DEEPEST = 50


class BadBody(ValueError):
    """The body cannot be read. ``code`` is "bad_json" or "too_large"."""

    def __init__(self, reason: str, code: str = "bad_json") -> None:
        super().__init__(reason)
        self.code = code


class StrictParser(Parser):
    """Refuses what JSON leaves open (a name that stands twice, NaN) and what no database keeps (NUL)."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The JSON of the body; raises BadBody."""
        if len(request.body) > MOST_BYTES:
            raise BadBody(f"The body is larger than {MOST_BYTES:,} bytes.", "too_large")
        try:
            found = json.loads(request.body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
            _require_storable(found)
        except json.JSONDecodeError as error:
            raise BadBody(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from None
        except UnicodeDecodeError as error:
            raise BadBody(f"Byte {error.start}: the body should be JSON in UTF-8.") from None
        except RecursionError:
            raise BadBody("The body is nested too deeply.") from None
        return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if repeated:
        raise BadBody(f"{json.dumps(repeated[0])} stands twice in one object.")
    return dict(pairs)


def _refuse_constant(text: str) -> None:
    raise BadBody(f"{text} is not a number in JSON.")


def _require_storable(value: Any, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise BadBody("The body is nested too deeply.")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise BadBody("A text holds a NUL or half a surrogate pair, which cannot be kept.")
    elif isinstance(value, dict | list):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        for each in inside:
            _require_storable(each, depth + 1)
