"""What a customer may want, and how they say it: one row an intent, tried from top to bottom."""

import re
from dataclasses import dataclass

from agents.offline.language import pattern


@dataclass(frozen=True)
class Intent:
    """``is_hint``: also said in answer to a question, so it begins nothing new while a question is open."""

    name: str
    pattern: re.Pattern[str]
    is_hint: bool = False


def _intent(name: str, *ways: str) -> Intent:
    return Intent(name, pattern("|".join(ways)))


def _hint(name: str, *ways: str) -> Intent:
    return Intent(name, pattern("|".join(ways)), is_hint=True)


def _only(*ways: str) -> str:
    """Nothing but this, give or take a word of politeness."""
    polite = r"(?:[\s,.!]|\b(?:there|again|everyone|please|so much|very much|a lot|today|team|all|then|ok(?:ay)?)\b)*"
    return rf"^{polite}(?:{'|'.join(ways)}){polite}[?\s]*$"


_PERSON = (
    r"(?:human(?: being)?s?|person|people|agents?|representatives?|rep|someone(?: real)?|staff|managers?|supervisor"
    r"|operator|advisor|colleague)"
)
_REAL = r"(?:a |an |some |another |your )?(?:real |live |actual |human )?"
_FACT = (
    r"(?:favou?rite|birthday|(?:shoe |shirt |clothing )?size|preferences?|dog|cat|pet|job|hobby|plans?|phone|old|"
    r"previous|name|address|e-?mail)"
)
_CHANGE = r"(?:change|update|correct|modify|edit|set|replace|fix)"
_SHOW = r"(?:what(?:'s| is| are| was| were)?|which|(?:can you )?(?:tell|show)(?: me)?|do you know|give me|see|check)"
_ORDER = r"(?:order|package|parcel|delivery|shipment)"
_LEAD = r"^(?:\W|\b(?:hi|hello|hey|please|ok|okay|and|also|so|oh|actually|no|well|sorry|by the way)\b)*"

INTENTS: tuple[Intent, ...] = (
    _intent("nothing_said", r"^[\W_]*$"),
    _intent(
        "never_mind",
        rf"{_LEAD}(?:never ?mind|forget (?:it|about it)|leave it|drop it|stop(?: it)?|abort)\b",
        r"\bchanged my mind\b(?!.*\b(?:cancel|return|exchange)\b)",
        r"\b(?:don'?t|do not|didn'?t|did not) (?:want (?:you )?to )?(?:cancel|return|exchange|change)\b",
    ),
    _intent(
        "person",
        rf"\b(?:talk|speak|chat|connect|transfer|hand|put|escalate|pass)\b.{{0,40}}\b(?:to|with|through"
        rf"|over)\b.{{0,40}}\b{_PERSON}\b",
        rf"\b(?:need|want|get|give|prefer|like|is there|can i have) (?:me )?(?:to )?{_REAL}{_PERSON}\b",
        _only(rf"{_REAL}{_PERSON}"),
        r"\bcall(?: me)? back\b",
    ),
    _intent(
        "remember",
        r"\bdon'?t forget (?:that|my|i)\b",
        rf"{_LEAD}(?:(?:can|could|would|will) you )?(?:please )?(?:i(?:'d like| want) you to )?"
        r"(?:remember|note|keep in mind|make a note|bear in mind)\b(?! (?:me|my|what|when|where|who)\b[^:]*\?)",
        r"\bmy (?:first |full |real |correct )?name(?:'s| is)\b(?![^?]*\?)",
        r"\bcall me\b(?! (?:back|on|at|when|later|if))",
        rf"\b{_CHANGE} my name\b",
    ),
    _intent(
        "forget",
        rf"{_LEAD}(?:(?:can|could) you |i want you to )?forget\b",
        rf"\b(?:delete|remove|erase|clear)\b.*\b(?:memor\w+|what you (?:know|remember)|about me"
        rf"|my (?:old )?{_FACT} from)\b",
        r"\bstop remembering\b",
    ),
    _intent(
        "my_name",
        r"\bwhat(?:'s| is| was) my (?:first |last |full )?name\b|\bwho am i\b|\bhow do you (?:call|know) me\b",
        r"\b(?:do you (?:know|remember)|remember|know) (?:my name|who i am|me)\b",
    ),
    _intent(
        "known_about_me",
        r"\bwhat (?:do|did|have|else do) you (?:know|remember|noted?|saved?|kept|keep|learn\w*"
        r"|store\w*)\b(?!.*\border)",
        r"\b(?:show|list|see|tell)\b.*\b(?:memories|what you (?:know|remember|noted))\b|\bwhat(?:'s"
        r"| is) in your memory\b",
        r"\banything .*\b(?:about me|on me)\b",
        r"\bwhat did i (?:tell|say to|mention to) you(?: (?:last time|before|earlier|so far|already|yesterday))*\W*$",
    ),
    _intent(
        "told_before",
        r"\bdo you (?:still )?remember\b(?!.*\border)|\bwhat did i (?:tell|say|mention)\b",
        rf"\b(?:what(?:'s| is| are)|when(?:'s| is)) my (?!name|address|(?:old|previous) address|e-?mail){_FACT}\b",
        r"\bwhere do i (?:live|work)\b|\bwhat do i (?:like|prefer|love|hate)\b",
        r"\bhow (?:do|should) (?:i|you) (?:prefer|like) to (?:be )?contact",
    ),
    _intent(
        "refund_status",
        r"\b(?:where(?:'s| is)|when|status|got|received)\b.*\bmy (?:money|refund)\b|\brefund status\b",
    ),
    _intent(
        "discount",
        r"\b(?:discounts?|coupons?|vouchers?|promo(?:tion)?(?: code)?s?|special (?:offer|price)s?|price match\w*)\b",
        r"\b(?:lower|better|cheaper) price\b",
    ),
    _intent(
        "shop_help",
        r"\b(?:polic(?:y|ies)|warrant(?:y|ies)|guarantee|(?:opening|business) hours|terms|privacy"
        r"|gift wrap\w*|newsletter)\b",
        rf"\bhow (?:do|can|does|would|should) (?:i|one|we|you|it|a|an|the|your)\b(?!.*\b(?:my|this"
        rf"|that) \w*\s?{_ORDER}\b)(?!.*#)"
        r".*\b(?:returns?|refund\w*|ship\w*|deliver\w*|cancel\w*|exchang\w*|pay|contact|reset|work|sign|log)\b",
        r"\bhow (?:long|much|many days|soon|fast)\b(?!.*\b(?:my|this|that)\b).*\b(?:ship\w*"
        r"|deliver\w*|refunds?|returns?)\b",
        r"\b(?:shipping|delivery) (?:costs?|fees?|times?|options?|charges?|methods?)\b"
        r"|\bcosts? of (?:shipping|delivery)\b",
        r"\bdo you (?:ship|deliver|offer|accept|take|charge|provide)\b|\bwhere do you (?:ship|deliver)\b",
        r"\b(?:delete|close) my account\b|\b(?:reset|change|forgot|lost) (?:my |the )?password\b",
        r"\b(?:what|which) (?:payment (?:methods|options)|cards) (?:do you|can i|are)\b",
        r"\bcan i (?:return|cancel|exchange) (?:things|items|something|an? (?:item|order|product))\b",
        r"\bis (?:shipping|return\w*) free\b",
    ),
    _intent("swap", r"\bexchang(?:e|ing)\b|\bswap\b|\btrade\b.*\bfor\b|\breplace\b.*\b(?:with|for|by)\b"),
    _intent(
        "give_back",
        r"(?<!in )\breturn(?:ing)?\b(?! (?:to|address|label)\b)|\bsend(?:ing)? (?:\w+ ){1,5}?back\b",
        r"\b(?:want|need|get|like|request|have|give me) (?:\w+ )?(?:refund|money back)\b",
        r"^refund\b|\brefund (?:me|my|the|it|for)\b",
    ),
    _intent("cancel", r"\bcancel(?:l?ing)?\b|\bcall off\b"),
    _intent(
        "change_default_address",
        rf"\b{_CHANGE}\b.*\b(?:default|profile|account|home)\b.*\baddress\b",
        rf"\b{_CHANGE} (?:my )?address\b(?!.*\b(?:orders?|delivery|shipping|deliver|ship)\b)(?!.*#)",
        r"\baddress\b.*\b(?:on|in|of) my (?:profile|account)\b.*\b(?:wrong|change|update|old)\b",
    ),
    _intent(
        "change_order_address",
        rf"\b{_CHANGE}\b.*\b(?:address|destination|delivered to|shipped to|sent to)\b|\b(?:redirect|reroute)\b",
        r"\baddress\b.*\b(?:wrong|change|changed|update|incorrect)\b|\bwrong address\b",
        r"\b(?:ship|send|deliver)\b.*\border\b.*\bto\b",
    ),
    _intent(
        "change_payment",
        r"\b(?:change|switch|update|modify)\b.*\bpay(?:ment|ing)?\b(?! ?pal)",
        r"\b(?:change|switch)\b[^,]*\bto (?:my |a |the )?(?:pay ?pal|gift ?card|credit card|visa|master ?card|card)\b",
        r"\bpay (?:for )?(?:it|this|that|my order|order|the order)\b.*\b(?:with|by|using|from)\b",
    ),
    _intent(
        "buy",
        r"\b(?:can|could|how (?:do|can)) i (?:order|buy|purchase)\b|\bplace an? (?:new )?order\b",
        r"\b(?:like|want|going|need) to (?:buy|order|purchase)\b",
    ),
    _intent(
        "change_what",
        rf"\b{_CHANGE} (?:my |the |an |something (?:about|in|on) (?:my |the )?)?order\b(?: #?w?\d+)?\W*$",
    ),
    _intent(
        "swap",
        r"\b(?:change|modify|switch|upgrade)\b(?!.*\bmind\b).*\b(?:to|into|for|with|items?|colou?rs?"
        r"|sizes?|options?|order)\b",
        r"\b(?:want|need|like|get|have) (?:it )?(?:in )?(?:a )?(?:different|another) (?:size|colou?r"
        r"|variant|option|model)\b",
    ),
    _intent(
        "my_payment_methods",
        r"\bmy (?:saved |stored )?(?:payment (?:methods?|options?)|(?:credit )?cards)\b"
        r"|\bpayment methods?\b.*\b(?:file|saved)\b",
        r"\bpayment methods?\b.*\b(?:do i|i) have\b|\bgift ?card\b.*\b(?:balance|left|worth"
        r"|how much)\b|\b(?:balance|how much|left)\b.*\bgift ?card\b",
    ),
    _intent(
        "my_profile",
        rf"\b{_SHOW}\b.*\bmy (?:default |home |current )?(?:address|e-?mail(?: address)?|profile"
        rf"|account|details|data)\b(?!.*\border)",
        r"\b(?:which|what) (?:e-?mail|address)\b.*\b(?:have|file|know|profile|account)\b(?!.*\border)",
        r"^(?:my )?(?:profile|account(?: details)?)\W*$",
    ),
    _intent(
        "my_orders",
        r"\b(?:my|all|list|show|see|view|past|previous|recent|open|pending|other)\b.*\b(?:orders|purchases)\b",
        r"\border history\b|\bhow many orders\b|\bdo i have (?:any )?(?:\w+ )?orders\b",
        r"\bwhat (?:have|did|all did) i (?:ever )?(?:order|buy|bought|purchase|ordered)\b",
    ),
    _intent(
        "order",
        r"\b(?:where(?:'s| is| are|s)?|track(?:ing)?|status|when(?:'s| is| will| does)?|updates?|news"
        r"|eta|arriv\w+|delivered|shipped)\b"
        rf".*\b(?:orders?|{_ORDER}|stuff|it|they|items?|my)\b",
        rf"\b{_ORDER}\b.*\b(?:status|where|when|arriv\w+|tracking|updates?)\b|\b{_ORDER}\b.*\?"
        rf"|\bany (?:news|updates?)\b",
        r"\btrack(?:ing)?\b.*\b(?:number|code|link|id)\b|^(?:order )?(?:track(?:ing)?|status)\W*$",
        rf"\b{_SHOW}\b.*\b{_ORDER}\b|\bhow much\b.*\b(?:order|pay|paid)\b",
        rf"\b{_SHOW}\b.*\b(?:address|items?|total|tracking)\b.*\b(?:it|that|this|they)\b",
        r"\bwhat(?:'s| is| was) in (?:it|there|that|this)\b",
        r"\bhas(?:n't)? my\b.*\b(?:arrived|shipped|come)\b|\bis my\b.*\b(?:coming|on its way|here)\b",
    ),
    _intent(
        "problem",
        r"\b(?:problems?|issues?|trouble|complaint)\b.*\b(?:with|about)\b|\b(?:have|there'?s"
        r"|there is) an? (?:problem|issue|complaint)\b",
        r"\b(?:broken|damaged|defective|faulty|missing|doesn'?t work|not working|stopped working|broke)\b",
        r"\bwrong (?:item|thing|product|order|size|colou?r)\b|\btoo (?:small|big|large|tight|loose)\b",
        r"\b(?:never|didn'?t|hasn'?t|haven'?t|not|still)\b.*\b(?:arrived?|come|came|received?|got"
        r"|waiting|delivered)\b",
    ),
    _intent(
        "what_you_sell",
        r"\bwhat (?:kinds? of )?(?:products?|items?|things|stuff|else|all)? ?(?:do|can) you (?:sell"
        r"|offer|carry|stock)\b",
        r"\b(?:what|which|list|show|see|browse)\b.*\b(?:products|catalog\w*|assortment"
        r"|product range)\b|\bwhat can i buy\b",
    ),
    _intent(
        "product",
        r"\b(?:do|does) (?:you|the shop|your shop) (?:sell|have|carry|stock|keep)\b|\b(?:looking|searching) for\b",
        r"\b(?:what|which|how many)\b(?!.*\bare you\b).*\b(?:colou?rs?|sizes?|options?|variants?|versions?|models?"
        r"|materials?|types?)\b",
        r"\b(?:price|costs?|how much|cheapest|expensive)\b|\b(?:available|availability|in stock"
        r"|sold out|out of stock)\b",
        r"\b(?:tell me|know|information|info|details?) (?:more )?about (?:the|your|an?)\b"
        r"|\bcomes? in\b|\bare there any\b",
        r"\bitem (?:id )?\d{10}\b",
    ),
    _hint(
        "change_payment",
        r"\b(?:use|pay|put|charge)\b.*\b(?:with|on|my|to|by)\b.*\b(?:paypal|card|visa|mastercard|amex)\b",
    ),
    _hint(
        "change_order_address",
        r"\b(?:ship|send|deliver) (?:it|them|this|that|everything)\b.*\bto\b|\b(?:new|different|another) address\b",
    ),
    _hint("swap", r"\bmake (?:it|that|them|the|my)\b|\binstead of\b|\bin (?:a )?(?:bigger|smaller|larger) size\b"),
    _hint("order", rf"\b{_ORDER}\b|\bmy (?:last|latest) purchase\b|\b(?:latest|newest|last|most recent) one\b"),
    _hint("how_are_you", r"\bhow (?:are|r) (?:you|u)\b|\bhow'?s it going\b|\bwhat'?s up\b|\bhow do you do\b"),
    _hint(
        "what_can_you_do",
        r"\bwhat (?:can|could|do) you (?:do|help|offer|handle)\b|\bhow can you help\b|\bwhat are you (?:for|able)\b",
        _only(
            r"help(?: me)?", r"(?:can|could) you help(?: me)?", r"i need (?:some |your )?help", r"menu|options|start"
        ),
    ),
    _hint(
        "who_are_you",
        r"\bwho are you\b|\bwhat are you\b|\bwhat(?:'s| is) your name\b|\b(?:what|which) (?:ai )?model\b",
        r"\bare you (?:an? |really )?(?:ai|bot|robot|human|person|real|machine|chat ?gpt|computer)\b",
        r"\bam i (?:talking|chatting|speaking) (?:to|with)\b",
    ),
    _hint(
        "unhappy",
        r"\b(?:ridiculous|terrible|awful|useless|unacceptable|angry|furious|annoy\w*|disappointed"
        r"|frustrat\w*|worst|stupid)\b",
    ),
    _hint(
        "thanks",
        r"\b(?:thanks?|thank you|thx|ty|cheers|appreciate)\b",
        _only(r"(?:that'?s |very )?(?:great|perfect|awesome|nice|cool|good|wonderful|excellent|lovely)"),
    ),
    _hint("goodbye", r"\b(?:bye|goodbye|see you|good night|have a (?:nice|good|great))\b"),
    _hint(
        "greeting",
        _only(r"(?:hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day))(?:[,!. ]+\w+)?"),
    ),
    _hint("told", rf"{_LEAD}(?:i|i'm|i've|i'd|my|we|we're)\b"),
)

#: Said beside or between requests, and never in answer to a question.
COURTESIES = frozenset(
    {"greeting", "goodbye", "thanks", "unhappy", "who_are_you", "what_can_you_do", "how_are_you", "nothing_said"}
)
#: Nothing that could go on with the next message.
PASSING = COURTESIES | {"unclear", "foreign", "told", "yes", "no", "never_mind"}
