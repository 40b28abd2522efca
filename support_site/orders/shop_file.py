"""The shop's file, read and checked as a whole before anything is done with it."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.shop.records import BadRecord, order_record, product_record, profile_record

Value = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """``place`` is a path in the file, ``orders["#W1"].items[0].price``, or a line and column."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class ShopFileRefused(ValueError):
    """The file is not one to read in. ``faults`` has every place found wrong; nothing was written."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A file's records as the store keeps them, by the shop's own ids."""

    products: dict[str, Value]
    profiles: dict[str, Value]
    orders: dict[str, Value]


def read_shop(path: Path) -> Shop:
    """The shop of a file shaped as ``{"users": {...}, "orders": {...}, "products": {...}}``.

    Raises ShopFileRefused, naming every fault, and OSError when the file cannot be read.
    """
    document = _parse(path.read_bytes())
    faults = [Fault(place, "is there twice") for place in _repeated_keys(document, "")]
    parts = {part: _part(document, part, faults) for part in ("users", "orders", "products")}
    shop = Shop(
        products=_records("products", parts["products"], product_record, faults),
        profiles=_records("users", parts["users"], profile_record, faults),
        orders=_records("orders", parts["orders"], order_record, faults),
    )
    faults += _broken_links(shop, known_users=parts["users"].keys(), known_orders=parts["orders"].keys())
    faults += _shared_addresses(shop)
    if faults:
        raise ShopFileRefused(faults)
    return shop


class _Repeated(dict[str, Any]):
    """An object of the file in which a name stands twice; JSON would silently keep the last."""

    names: list[str]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = _Repeated(found)
    repeated.names = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    return repeated


def _not_a_number(text: str) -> float:
    raise ShopFileRefused([Fault("the file", f"{text} is not a number in JSON")])


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_not_a_number)
    except json.JSONDecodeError as error:
        raise ShopFileRefused([Fault(f"line {error.lineno}, column {error.colno}", error.msg)]) from None
    except UnicodeDecodeError as error:
        raise ShopFileRefused([Fault(f"byte {error.start}", "the file should be JSON in UTF-8")]) from None
    except RecursionError:
        raise ShopFileRefused([Fault("the file", "is nested too deeply")]) from None


def _repeated_keys(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, _Repeated):
        yield from (_inside(place, name) for name in value.names)
    children: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for name, child in children:
        yield from _repeated_keys(child, _inside(place, name))


def _inside(place: str, name: str | int) -> str:
    if isinstance(name, str) and name.isidentifier():
        return f"{place}.{name}" if place else name
    return f"{place}[{json.dumps(name, ensure_ascii=False)}]"


def _part(document: Any, part: str, faults: list[Fault]) -> dict[str, Any]:
    found = document.get(part) if isinstance(document, dict) else None
    if isinstance(found, dict):
        return found
    reason = "is missing" if found is None else "should be an object with the ids as names"
    faults.append(Fault(part, reason))
    return {}


def _records(
    part: str, found: dict[str, Any], record_of: Callable[[object], Value], faults: list[Fault]
) -> dict[str, Value]:
    """The good records of a part; what is wrong with the others goes to ``faults``."""
    records = {}
    for key, shop_json in found.items():
        place = _inside(part, key)
        try:
            record = record_of(shop_json)
        except BadRecord as error:
            faults.append(Fault(error.under(place).path, error.reason))
            continue
        id_field = f"{part.removesuffix('s')}_id"
        if record[id_field] != key:
            faults.append(Fault(f"{place}.{id_field}", f"is {record[id_field]!r}, and stands under {key!r}"))
        records[key] = record
    return records


def _broken_links(shop: Shop, *, known_users: Iterable[str], known_orders: Iterable[str]) -> Iterator[Fault]:
    """Orders without their customer, and customers whose orders are not theirs or not there."""
    known_users, known_orders = set(known_users), set(known_orders)
    for order_id, order in shop.orders.items():
        customer, place = order["user_id"], f"{_inside('orders', order_id)}.user_id"
        if customer not in known_users:
            yield Fault(place, f"there is no customer {customer!r} in the file")
        elif customer in shop.profiles and order_id not in shop.profiles[customer]["orders"]:
            yield Fault(place, f"the customer {customer!r} does not have the order among their orders")
    for user_id, profile in shop.profiles.items():
        for position, order_id in enumerate(profile["orders"]):
            place = f"{_inside('users', user_id)}.orders[{position}]"
            if order_id not in known_orders:
                yield Fault(place, f"there is no order {order_id!r} in the file")
            elif order_id in shop.orders and shop.orders[order_id]["user_id"] != user_id:
                yield Fault(place, f"the order {order_id!r} is another customer's")


def _shared_addresses(shop: Shop) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for user_id, profile in shop.profiles.items():
        owner = first.setdefault(profile["email"].lower(), user_id)
        if owner != user_id:
            yield Fault(f"{_inside('users', user_id)}.email", f"is the address of {owner!r} too")
