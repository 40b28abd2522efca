"""Finding memories: by the words they say and whom they are about, or by meaning (``meaning.py``)."""

from django.db.models import Case, JSONField, Q, QuerySet, Value, When
from django.db.models.functions import Cast

from support_site.accounts.models import Account
from support_site.memory.drafts import key_text_of
from support_site.review.meaning import nearest
from support_site.review.models import Memory

#: PostgreSQL cannot read JSON that holds a NUL, and one such record must not close the whole list.
_VALUE = Case(
    When(value_text__contains=r"\u0000", then=Value(None)),
    default=Cast("value_text", JSONField()),
    output_field=JSONField(),
)


def by_words(memories: QuerySet[Memory], query: str) -> QuerySet[Memory]:
    """Those that say every word, or whose customer's name or e-mail address has it."""
    memories = memories.alias(as_json=_VALUE)
    for word in query.split():
        customers = Account.objects.filter(Q(name__icontains=word) | Q(users__email__icontains=word))
        # The second condition is right, the first is quick: it spares reading the JSON of all the others.
        says = Q(value_text__icontains=key_text_of(word)) & Q(as_json__text__icontains=word)
        memories = memories.filter(says | Q(account__in=customers.order_by().values("pk")))
    return memories


def by_meaning(memories: QuerySet[Memory], query: str, account_id: str | None) -> QuerySet[Memory]:
    """The nearest of them, best first. Raises StoreUnavailable."""
    places = {address: place for place, address in enumerate(nearest(query, account_id))}
    if not places:
        return memories.none()
    place = Case(*(When(address=address, then=place) for address, place in places.items()), default=len(places))
    return memories.filter(address__in=places).order_by(place)
