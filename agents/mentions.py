"""Order numbers as customers write them, brought into one spelling."""

import re

#: "#W2611340", "# 12345", "w2611340", "order 2611340", "order no. 12345", "order number: #12345".
_NUMBER = re.compile(
    r"(?:#\s*|\border(?:s|\s+(?:number|num|no|nr|id)\b\.?)?\s*[:#]*\s*)([a-z]?\d{3,12})\b|\b(w\d{5,12})\b",
    re.IGNORECASE,
)


def mentioned_orders(text: str) -> list[str]:
    """Order ids in ``text``, each once, in the order of their first mention: "order w2611340" gives "#W2611340".

    A number without its letter stays without it ("#12345"): whether an order "#W12345" is meant is for
    ``spellings`` and whoever looks the order up.
    """
    found = (match[1] or match[2] for match in _NUMBER.finditer(text))
    return list(dict.fromkeys(f"#{number.upper()}" for number in found))


def spellings(order_id: str) -> list[str]:
    """The keys under which a mentioned order may be on file, likeliest first."""
    return [order_id, f"#W{order_id[1:]}"] if order_id[1:].isdigit() else [order_id]
