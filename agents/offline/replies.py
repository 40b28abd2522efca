"""What the offline model says and asks; what it tells of records is in ``telling``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agents.offline.telling import bullets, choice, item_line, kinds, method, order_line, variant_line
from agents.shop import wording
from agents.shop.records import Record
from agents.tools.memory import CONTRADICTS, FOR_REVIEW, OFF_RECORD, PAUSED, UNSAID

#: Words by which a question is known again when its answer comes.
WHICH_ORDER = "Which order"
WHICH_ITEMS = "Which items"
WHICH_VARIANT = "Which one would you like"
WHICH_METHOD = "Which payment method"
WHICH_CHANGE = "What would you like to change"
WHY_CANCEL = "May I ask why"
WHICH_ADDRESS = "the new address"
OFFER_PERSON = "Shall I hand you over to a person?"

NOTHING_SAID = "I did not catch any words there. How can I help you: an order, a product, or something else?"
UNCLEAR = (
    "I am not sure what you mean. I can look up, cancel, change, return or exchange **your orders**, tell you about "
    "our **products** and shop rules, and remember things **about you**. Could you say it in other words?"
)
FOREIGN = (
    "I am the **offline model** of this shop's support and I read English only. Please write in English, or ask for "
    '"a person" and I will hand you over.'
)
CAPABILITIES = """Here is what I can do for you:

- **Orders**: find them, tell their status, items, address and tracking
- **Changes**: cancel or change a pending order, return or exchange a delivered one, always with your click first
- **Products**: what we sell, in which options, at what price
- **Shop rules**: delivery, returns, payment
- **Memory**: remember, correct or forget what you tell me
- **A person**: hand you over whenever you like"""
WHO_I_AM = (
    "I am the **offline model** of this shop's support: a program that follows rules, not a person. "
    "I look things up in your records and never guess. If you would rather have a person, just say so."
)
HOW_I_AM = "I am running fine, thank you! How can I help you today?"
YOU_ARE_WELCOME = "You're welcome! I am here if anything else comes up."
GOODBYE = "Goodbye, and take care!"
UNHAPPY = f"I am sorry this is so frustrating. Tell me what went wrong and I will look at it. {OFFER_PERSON}"
NEVER_MIND = "All right, I leave everything as it is."
NOTHING_OPEN = "There is nothing waiting for a yes from me. What would you like me to do?"
OK_NO = "All right. I am here if you need anything else."
THANKS_FOR_TELLING = "Thank you for telling me. If I should do something about it, just say what."
HANDED_OVER = "A person takes over from here. Please stay in this conversation: they will answer you in it."
NOT_POSSIBLE = "I cannot do that at the moment. Please try again later, or ask for a person."
STORE_DOWN = (
    "I am sorry, I cannot reach your records at the moment, so I can neither look this up nor change it. "
    "Nothing is lost; please try again in a few minutes."
)
NO_NAME = "I do not know your name yet. Tell me and I will remember it: for example *my name is Alex*."
NOTHING_LIKE_IT = "I have nothing noted about that."
_NOTED = {"Noted": "I have noted", "Changed": "I have noted instead", "Forgotten": "Forgotten"}
_NOT_NOTED = {
    PAUSED: "Memory is paused, so nothing was noted. You can resume it on the page *What we remember*.",
    OFF_RECORD: "This conversation leaves no memory, so nothing was noted.",
    FOR_REVIEW: "I could not note that: our team has to look at it first.",
    CONTRADICTS: "Our team noted something else, so they look at this first, and I go by their note until then. What "
    "you correct on the page *What we remember* counts at once.",
    UNSAID: "Nothing was noted. Could you tell me in your own words what I should remember?",
}
WHAT_TO_REMEMBER = "Gladly. What would you like me to remember?"
WHAT_TO_FORGET = "Say *what do you know about me* to see what I have noted. What of it should I forget?"
NOT_MINE_TO_KEEP = (
    "I would rather not keep that: I never note passwords or card numbers, nothing about health or beliefs, "
    "nothing about other people, and no promises of special treatment."
)
NO_DISCOUNTS = (
    "I have no discounts or vouchers to give: what a product costs is what is on file for it. "
    f"A colleague can tell you more. {OFFER_PERSON}"
)
CANNOT_BUY = "I cannot place new orders in this chat, but I can tell you what we have."
WHAT_CHANGE = f"{WHICH_CHANGE} about it: the **items**, the **delivery address** or the **payment**?"


def greeting(name: str | None) -> str:
    return f"Hello{', ' + name if name else ''}! How can I help you today?"


def your_name(name: str) -> str:
    return f"Your name is **{name}**."


def name_on_file(name: str) -> str:
    return f"You have not told me your name yet. Your customer account is in the name of **{name}**."


def noted(result: str) -> str:
    """From "Noted: The customer's name is Bob." or the reason why it was not."""
    verb, _, text = result.partition(": ")
    return f"{_NOTED[verb]}: *{text}*" if verb in _NOTED else _NOT_NOTED.get(result, result)


def which_memory(memories: Sequence[Mapping[str, Any]]) -> str:
    return (
        f"Several notes fit that:\n\n{choice(str(memory['text']) for memory in memories)}\n\nWhich one should I forget?"
    )


def which_order(found: Sequence[Record], purpose: str) -> str:
    return f"You have several orders:\n\n{choice(map(order_line, found))}\n\n{WHICH_ORDER} {purpose}?"


def not_on_file(order_id: str, was_remembered: bool) -> str:
    before = f"You mentioned order **{order_id}** before. " if was_remembered else ""
    return (
        f"{before}Order **{order_id}** is not on file under your account, so I have nothing to tell about it. "
        "Please check the number, or say *list my orders* to see what is on file."
    )


def why_cancel(order: Record) -> str:
    return (
        f"I can cancel order **{order['order_id']}** ({kinds(order)}) for you. {WHY_CANCEL}: is it "
        "**no longer needed**, or was it **ordered by mistake**?"
    )


def not_in_this_state(order: Record, verb: str, needed: str) -> str:
    why = f"Order **{order['order_id']}** {wording.status(order)}. It cannot be {verb}. Only {needed} can be."
    return f"{why} {OFFER_PERSON}"


def which_items(order: Record, items: Sequence[Record], verb: str) -> str:
    head = f"Order **{order['order_id']}** has:"
    return f"{head}\n\n{choice(map(item_line, items))}\n\n{WHICH_ITEMS} would you like to {verb}?"


def which_variant(item: Record, variants: Sequence[Record], *, nothing_fits: bool) -> str:
    head = (
        f"There is no available {item['name']} like that." if nothing_fits else f"The {item['name']} is available as:"
    )
    return (
        f"{head}\n\n{choice(variant_line(variant) for variant in variants)}\n\n{WHICH_VARIANT} for the {item['name']}?"
    )


def no_other_variant(item: Record) -> str:
    return f"No variant of the {item['name']} is available at the moment. {OFFER_PERSON}"


def which_method(methods: Iterable[Record], purpose: str) -> str:
    return f"These can be used:\n\n{choice(map(method, methods))}\n\n{WHICH_METHOD} should I use {purpose}?"


def no_other_method() -> str:
    return f"There is no other payment method on your profile. {OFFER_PERSON}"


def which_address(missing: Sequence[str], known: Mapping[str, str]) -> str:
    names = {"address1": "street and number", "zip": "ZIP code"}
    asked = ", ".join(names.get(field, field) for field in missing)
    if not known:
        return f"What is {WHICH_ADDRESS}: street and number, city, state and ZIP code?"
    return f"I have *{', '.join(value for value in known.values() if value)}* for {WHICH_ADDRESS}. What is the {asked}?"


def outcome(result_text: str, told: Any) -> str:
    """What became of a change, in the tool's own words: a receipt, a refusal, or a decision against it."""
    if not isinstance(told, dict) or "done" not in told:
        return result_text
    details = bullets(told.get("details", []))
    return "\n\n".join(part for part in (f"**Done.** {told['done']}.", details, told.get("note", "")) if part)


def which_product(names: Iterable[str]) -> str:
    return f"We have several of that kind:\n\n{choice(names)}\n\nWhich one do you mean?"


def no_such_product(words: str) -> str:
    return f'I do not find "{words}" among our products. Say *what do you sell* to see the list.'
