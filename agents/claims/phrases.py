"""The English in which replies state things: words for how orders stand, for what was done, and for stating nothing.

Patterns are for sentences as ``reading.sentences`` gives them: straight quotes, plain dashes, no emphasis.
"""

import re
from typing import Literal

from agents.patterns import any_of

Kind = Literal[
    "cancel",
    "refund",
    "return",
    "exchange",
    "default address",
    "address",
    "payment",
    "items",
    "change",
    "email",
    "handoff",
    "anything",
    "never",
]


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b", re.IGNORECASE)


_PENDING = frozenset({"pending", "pending (item modified)"})
_DELIVERED = frozenset({"delivered", "return requested", "exchange requested"})
_SENT = _DELIVERED | {"processed"}

#: Words for how an order stands, and the statuses of which they are true; none of them: never on record.
STATUS_WORDS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (_words("delivered", "arrived"), _DELIVERED),
    (_words("shipped", "dispatched", "sent out", "left (?:our|the) warehouse", "(?<!being )processed"), _SENT),
    (_words("being (?:processed|prepared|packed)", "in preparation"), _PENDING | {"processed"}),
    (_words("on (?:its|the|their) way", "in transit", "en route"), frozenset({"processed"})),
    (_words("pending"), _PENDING),
    (_words("cancell?ed"), frozenset({"cancelled"})),
    (
        _words(
            "out for delivery",
            "delayed",
            "lost",
            "on hold",
            "back-?ordered",
            "stuck",
            "returned to sender",
            "(?:held at|in) customs",
            "ready for (?:pick-?up|collection)",
            "misrouted",
            "rerouted",
        ),
        frozenset(),
    ),
)

_DONE = (
    "accepted|added|adjusted|alerted|applied|approved|arranged|booked|cancell?ed|changed|completed|connected|contacted"
    "|corrected|created|credited|emailed|escalated|exchanged|expedited|extended|filed|forwarded|given|granted|handed"
    "|initiated|issued|made|modified|moved|notified|opened|(?:re-?)?ordered|paid back|passed|placed|processed|refunded"
    "|put through|reimbursed|removed|replaced|requested|reshipped|returned|scheduled|sent|set up|shipped|started"
    "|submitted|swapped|switched|transferred|updated|upgraded|waived"
)
_DOING = (
    "applying|cancell?ing|changing|crediting|escalating|exchanging|forwarding|issuing|modifying|processing|refunding"
    "|reimbursing|replacing|returning|sending|shipping|submitting|swapping|transferring|updating"
)
_DO = (
    "apply|cancel|change|credit|escalate|exchange|expedite|forward|give|grant|issue|modify|process|refund|reimburse"
    "|replace|return|send|ship|submit|swap|transfer|update|upgrade|waive"
)
_ALREADY = (
    r"(?:(?:just|now|already|also|successfully|gladly|gone ahead and|went ahead and|then|both|all|immediately"
    r"|fully)\s+)*"
)
_NOUNS = "cancellation|refund|return|exchange|replacement|address change|update"
_GONE_WELL = (
    r"complete|done|through|under\s?way|on (?:its|the) way|successful|in progress|pending|gone through|final|arranged"
)

#: Told in the first person: only a receipt makes it true. The group that matched holds the verb.
BY_US = any_of(
    rf"\b(?:I|we)(?:'ve|'d|\s+have|\s+had)?\s+{_ALREADY}({_DONE})\b",
    rf"\b(?:I|we)(?:'m|'re|\s+am|\s+are)\s+{_ALREADY}({_DOING})\b",
    rf"\b(?:I|we)(?:'ll|\s+will|\s+shall)\s+{_ALREADY}({_DO})\b",
    r"^(?:successfully\s+)?(cancell?ed|refunded|returned|exchanged|updated|changed)\b(?!\s+(?:orders?|items?)\b(?!\s*#))",
)
#: Told of things: the records may make it true as well.
OF_THINGS = any_of(
    rf"\b(?:has|have|had)\s+{_ALREADY}been\s+{_ALREADY}({_DONE})\b",
    rf"(?:\b(?:is|are|was|were|gets?|got)(?:\s+being)?|'s(?:\s+been)?)\s+{_ALREADY}({_DONE})\b",
    r"\bwill\s+(?:now\s+|then\s+)?be\s+(?:fully\s+)?(refunded|reimbursed|credited|replaced|reshipped|waived)\b",
    r"\b(?:you'll|you will|expect to)\s+(?:get|receive|have|see)\s+"
    r"((?:an?|your|the)\s+(?:full\s+)?(?:refund|credit|replacement|voucher))",
    rf"\b({_NOUNS})\s+(?:(?:of|for|to)\s[^,;]{{1,60}}?)?(?:is|was|has been|went|has)\s+(?:now\s+)?(?:{_GONE_WELL})",
)
#: Told of nothing by name.
ALL_DONE = any_of(
    r"^(?:all\s+)?(done|all set|sorted)\b",
    r"\b(?:it|that|this|everything)(?:'s|\s+is|\s+has been|\s+was)\s+(?:now\s+|all\s+)?"
    r"(done|taken care of|sorted|settled|all set)\b",
    r"\b(?:I|we)(?:'ve|\s+have)?\s+((?:taken|took) care of|handled|sorted out)\b",
)

_TO_A_CARD = r"(?:\s+\S+){0,4}?\s+to\s+(?:your|the)\s+(?:\S+\s)?(?:card|account|paypal|visa|mastercard)"

#: What was acted on, by the words around the verb; the first that fits decides.
KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "never",
        any_of(
            "voucher|coupon|discount|compensation|goodwill|store credit|bonus|points|waived",
            r"free\s(?:shipping|replacement|gift|item)|replacement|reship|expedit|upgrad|extend|re-?order|new order",
            "shipping label|return label|courier|pick-?up|investigation|warehouse|carrier",
        ),
    ),
    (
        "handoff",
        _words(
            "escalat\\w*", "colleagues?", "humans?", "person", "supervisor", "manager", "team", "specialist", "staff"
        ),
    ),
    ("email", any_of(r"\be-?mail")),
    ("cancel", any_of("cancel")),
    ("exchange", any_of("exchang|swap|replac")),
    ("return", any_of(rf"\breturn(?:ed|ing|s)?\b(?!{_TO_A_CARD})")),
    ("refund", any_of(r"refund|reimburs|credit(?:ed|ing)?\b(?!\s+card)|paid back|money back|\breturned\b")),
    ("default address", any_of("default address|profile address|address (?:of|on|in) your profile")),
    ("address", any_of("address")),
    ("payment", any_of(r"payment|pay(?:ing)?\s(?:with|by)")),
    ("items", any_of(r"\bitems?\b|size|colou?r|variant")),
    ("change", any_of("chang|updat|modif|correct|mov(?:ed|ing)|switch|adjust")),
)

_DAY = (
    r"today|tomorrow|tonight|yesterday|this (?:morning|afternoon|evening|week)|next week"
    r"|(?:on |by |this |next )?(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?:with)?in (?:the next )?(?:\w+|\d+(?:\s?(?:-|to)\s?\d+)?) (?:business |working )?(?:days?|hours?|weeks?)"
    r"|(?:on |by )?{month} \d{{1,2}}|(?:on |by )?\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {month}|\d{{4}}-\d{{2}}-\d{{2}}"
).format(
    month="(?:january|february|march|april|may|june|july|august|september|october|november|december)",
)
#: A day on which something comes.
ARRIVES = any_of(
    r"\b(?:arriv\w*|deliver(?:ed|y|s)?|ship(?:ped|s)?|get (?:it|there)|be (?:with you|there)|receive it|expected|due"
    rf"|eta)\b[^.;!?]{{0,40}}?\b({_DAY})\b"
)

#: A condition, up to the end of its part of the sentence.
CONDITION = any_of(r"\b(?:if|unless|until|whether|in case|as soon as|once|when|whenever|after|before|while)\b[^,;:]*")
#: Right before a verb that tells of the past.
PAST = any_of(
    r"(?:\b(?:has|have|had|was|were|did)\b|'ve\b)(?:\s+\w+){0,2}\s*$",
    r"\b(?:I|we)\s+(?:\w+ly\s+)?$",
)
#: Right before something that is possible, wished or denied, and so not stated.
UNREAL = any_of(
    r"(?:\b(?:can|could|cannot|may|might|must|should|would|shall|to|be able to|eligible to|wants?|like|please|let me"
    r"|let's|never|not|no longer|neither|nor|nothing|none|no|rather than|instead of|without|unable to|how"
    r"|(?:orders|items|ones)\s+(?:that|which|whose))|n't)"
    r"(?:\s+(?:also|only|still|then|now|be|being|have|has|had|been|get|it|you|i|we|they|this|them|that|yet|the|your|an?"
    r"|any|orders?|items?|is|was|were|are|already|actually|fully|or|both|either|changed|modified|cancell?ed|returned"
    r"|exchanged|refunded|processed|delivered|pending|shipped))*\s*$"
)
#: Right before a status that is denied.
NEGATED = any_of(r"(?:\bnot|n't|\bnever)(?:\s+(?:yet|been|yet been|being|currently|actually|marked as))?\s*$")
#: A sentence that says what the customer said.
ECHO = any_of(
    r"\bsorry\s+(?:to\s+hear|that|about|your|it|for)",
    r"\byou\s+(?:say|said|mention(?:ed)?|told|wrote|report(?:ed)?|described?|asked (?:if|whether|about))",
    r"\bas you (?:say|said|describe|mention|wrote)",
)
#: After a status word: a kind of order ("delivered orders can be returned") and not a named one; or what was processed.
A_KIND = any_of(
    r"\s+(?:orders?|items?|ones?|products?|status(?:es)?)\b(?!\s*[:,]?\s*#)",
    r"\s+(?:your|the|an?)\s+(?:refund|return|exchange|payment|request|cancellation|change)",
)
#: What else than an order is pending or processed, and what says that an order is meant after all.
SOMETHING_ELSE = _words("refund|return|exchange|payment|request|cancellation|change|claim|credit")
AN_ORDER = any_of(r"\b(?:order|item|parcel|package)s?\b[^#]*$")
#: Where one part of a sentence ends and another begins.
BREAK = any_of(r"[,;:|]|\.\s|\bbut\b")
