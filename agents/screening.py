"""What may become a memory: pure functions on one short text.

Screening is a net and not a wall: a memory is shown to the model as quoted data, acts only inside its own account,
and no tool grants anything because of one. The net keeps out what should never be stored, and keeps for staff
what reads like an attempt to steer the agent.
"""

import re
import unicodedata
from collections.abc import Iterable

from agents.patterns import any_of

MAX_LENGTH = 300


_DIGITS = re.compile(r"\d(?:[ \-.]?\d){12,}")
_SECRET = any_of(
    r"\b(?:pass(?:word|code|phrase)|pin(?: code| number)?|cvv2?|cvc2?|security code|one[- ]time code|secret key)\b"
    r"\s*(?:is|are|was|=|:|to)",
    r"\b(?:api[ _-]?key|access token|private key)\b\s*(?:is|are|was|=|:|to)",
    r"\bsk-[A-Za-z0-9_-]{16,}|-----BEGIN [A-Z ]+-----",
    r"\b\d{3}-\d{2}-\d{4}\b",  # a US social security number
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b",  # an IBAN
)
_SPECIAL = any_of(
    r"\b(?:diagnos(?:is|ed)|disease|illness|cancer|diabet(?:es|ic)|hiv|aids|depress(?:ed|ion)|anxiety disorder)\b",
    r"\b(?:epilep(?:sy|tic)|pregnan(?:t|cy)|miscarriage|abortion|medication|prescription|antidepressants?|insulin)\b",
    r"\b(?:therap(?:y|ist)|psychiatr\w+|disab(?:led|ility)|surgery|medicine|asthma\w*|migraines?)\b",
    r"\b(?:allerg\w*|intoleran\w+|co?eliac)\b",
    r"\b(?:religio(?:n|us)|muslim|jewish|(?:an?|am|devout) (?:christian|hindu|catholic|atheist))\b",
    r"\b(?:homosexual|(?:am|is|are) gay|lesbian|bisexual|transgender|sexual(?:ity| orientation))\b",
    r"\b(?:ethnic(?:ity)?|trade union|political (?:party|views?)|voted for|criminal record|convicted)\b",
    r"\bsocial security number\b",
)
_INSTRUCTION = any_of(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:previous|prior|above|earlier|all|any|the|your"
    r"|system)\b.{0,30}\b(?:instructions?|rules?|polic(?:y|ies)|prompts?|checks?|restrictions?|confirmation|guidelines?)\b",
    r"\b(?:system|developer|assistant|agent|admin(?:istrator)?|staff)\s*(?:prompt|message|mode|override|note"
    r"|instruction)s?\b",
    r"(?:^|\n)\s*(?:system|assistant|developer|tool)\s*:",
    r"<\s*/?\s*(?:system|assistant|tool|instructions?|customer_file|im_start|im_end)\b|\[/?INST\]|<\|",
    r"\b(?:you|the agent|the assistant|the bot|the model|support)\s+"
    r"(?:must|should|shall|are to|is to|has to|have to|are (?:now|allowed))\b",
    r"\b(?:always|never|automatically|immediately|from now on)\b.{0,40}\b(?:refund(?:s|ed)?|approve|grant|issue|credit"
    r"|cancel|confirm|reveal|run|execute|transfer|accept|waive|obey)\b",
    r"\b(?:without|no need (?:for|of)|do(?:es)? not need|skip(?:ping)?)\b.{0,20}"
    r"\b(?:confirm\w*|approval|verif\w+|checking|asking)\b",
    r"\b(?:reveal|print|repeat|leak|show)\b.{0,30}\b(?:prompt|instructions|api key|secrets?|other customers?)\b",
    r"\b(?:pretend|act as|role ?play|jailbreak|do anything now)\b",
)
#: "Ignore the instructions" in the languages customers write most; the prompt's wall holds in all others too.
_INSTRUCTION_ELSEWHERE = any_of(
    r"\b(?:ignorier|missacht|vergiss|umgeh)\w*\b.{0,40}\b(?:anweisung|regel|vorgabe|instruktion|richtlinie)\w*",
    r"\b(?:ignore[zr]?|oublie[zr]?|contourne[zr]?)\b.{0,40}\b(?:instructions|consignes|règles|directives)\b",
    r"\b(?:ignor[ae]|olvid[ae]|omit[ea]|dimentica|esque[cç]a|desconsider[ae])\w*\b.{0,40}"
    r"\b(?:instrucciones|reglas|istruzioni|regole|instruções|regras)\b",
    r"\b(?:negeer|vergeet)\b.{0,40}\b(?:instructies|regels|opdrachten)\b",
    r"\b(?:zignoruj|zapomnij)\b.{0,40}\b(?:instrukcj|zasad|polece)\w*",
    r"(?:игнориру|забуд)\w*.{0,40}(?:инструкц|правил|указан)",
    r"(?:忽略|无视|無視|忘记|忘れ).{0,20}(?:指令|指示|规则|規則|命令|ルール)|(?:指示|命令|ルール).{0,10}(?:無視|忘れ)",
)
#: A long run of letters of both cases and digits says nothing to people: it is there to be decoded.
_OPAQUE = re.compile(r"(?<!\S)(?=\S*[a-z])(?=\S*[A-Z])(?=\S*\d)[A-Za-z0-9+/_-]{24,}={0,2}(?!\S)")
_SPACED_OUT = re.compile(r"(?<!\w)(?:\w[ .\-_]){3,}\w(?!\w)")
#: Letters of other alphabets that look like Latin ones.
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u03bf\u03b1\u0406\u0410\u0415\u041e\u0420\u0421\u0422",
    "aeopcyxijsdhoaIAEOPCT",
)
_ENTITLEMENT = any_of(
    r"\b(?:entitled|eligible|vip|platinum|(?:gold|premium) (?:member|status|customer)|pre-?approved|authori[sz]ed)\b",
    r"\b(?:discounts?|vouchers?|coupons?|store credit|\d+ ?% off)\b",
    r"\bfree (?:shipping|returns?|refunds?|replacements?|items?)\b",
    r"\b(?:lifetime|extended) (?:warranty|guarantee|returns?)\b|\b(?:refund|return) (?:window|period|limit)\b",
    r"\b(?:was|were|been) promised\b|\badministrator\b",
    r"\b(?:we|you|shop|store|company|support|staff|team|agent)\s+(?:\w+ )?(?:promis|guarante|ow)(?:e|ed|es|ing)?\b",
    r"\b(?:dollars?|euros?|pounds?|\$ ?\d+|\d+ ?\$) (?:of|in) (?:balance|credit)\b",
    r"\bworks? (?:for|at) (?:the|this|your) (?:shop|store|company)\b",
)
_LINK = re.compile(r"\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+", re.IGNORECASE)
_MARKUP = re.compile(r"<[^>]*>|!?\[([^\]]*)\]\([^)]*\)|[`*|<>{}\\]+")
#: A word; in scripts without spaces between words, a character.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")

#: Words in which a memory is told rather than what it tells; they need no source.
_TELLING = frozenset(
    _WORD.findall(
        "a an and are as at be but by for from has have he her his i in is it its me my not of on or s she so t that "
        "the their them they this to was we who with about also asked called calls customer customers does like likes "
        "lives mentioned name named names preference preferred prefers says said tells told user wants wanted would "
        "wish wishes when"
    )
)


def readable(text: str) -> str:
    """``text`` with halves of surrogate pairs joined, and lone ones replaced: no database keeps those."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tidy(text: str) -> str:
    """``text`` as one plain line of at most 300 characters: no control or invisible characters, links or markup."""
    visible = "".join(
        " " if char.isspace() else char for char in text if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    plain = _LINK.sub(" ", _MARKUP.sub(r" \1 ", unicodedata.normalize("NFKC", visible)))
    return " ".join(plain.split())[:MAX_LENGTH].rstrip()


def refusal(text: str) -> str | None:
    """Why ``text`` must not be stored at all, as a sentence for the customer; None if it may be."""
    if has_card_number(text) or _SECRET.search(text):
        return "I do not keep card or account numbers, passwords or codes."
    if _SPECIAL.search(text):
        return "I do not keep notes about health, beliefs, origin or other very personal matters."
    if not _WORD.search(text):
        return "There is nothing in it to keep."
    return None


def is_suspicious(text: str) -> bool:
    """Whether ``text`` reads like an instruction to the agent, or claims what only the shop can grant."""
    if _OPAQUE.search(_LINK.sub(" ", text)):
        return True
    patterns = (_INSTRUCTION, _INSTRUCTION_ELSEWHERE, _ENTITLEMENT)
    return any(pattern.search(spelling) for spelling in {text, _unmasked(text)} for pattern in patterns)


def _unmasked(text: str) -> str:
    """``text`` as it looks to a reader: without what is invisible, look-alike letters and letters set apart."""
    seen = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
    together = _SPACED_OUT.sub(lambda run: re.sub(r"[ .\-_]", "", run[0]), seen)
    return together.translate(_LOOKALIKES)


def has_card_number(text: str) -> bool:
    """Whether 13 to 19 digits in a row, spaces and dashes aside, pass the Luhn check of payment cards."""
    for run in _DIGITS.findall(text):
        groups = re.findall(r"\d+", run)
        for start in range(len(groups)):
            for end in range(start + 1, min(start + 19, len(groups)) + 1):
                digits = "".join(groups[start:end])
                if 13 <= len(digits) <= 19 and _passes_luhn(digits):
                    return True
    return False


def rests_on(text: str, said: Iterable[str]) -> bool:
    """Whether at least half of what ``text`` tells was said in ``said``, compared by the beginnings of words.

    A memory is learned from the customer's own words only; this is what stops the text of a tool result, or an
    invention of the model, from becoming one.
    """
    told = {_stem(word) for word in _WORD.findall(text.lower()) if word not in _TELLING}
    spoken = {_stem(word) for words in said for word in _WORD.findall(words.lower())}
    return bool(told) and 2 * len(told & spoken) >= len(told)


def _stem(word: str) -> str:
    return word[:5]


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0
