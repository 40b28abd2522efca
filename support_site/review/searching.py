"""Finding memories: by the words they say and whom they are about, or by meaning (``meaning.py``)."""

from django.db.models import Case, Q, QuerySet, When

from support_site.accounts.models import Account
from support_site.memory.facets import search_text
from support_site.memory.models import Record
from support_site.review.meaning import nearest
from support_site.review.models import Memory


def by_words(memories: QuerySet[Memory], query: str) -> QuerySet[Memory]:
    """Those that say every word, or whose customer's name or e-mail address has it."""
    for word in query.split():
        customers = Account.objects.filter(Q(name__icontains=word) | Q(users__email__icontains=word))
        says = Q(search_text__contains=search_text(word))
        memories = memories.filter(says | Q(account__in=customers.order_by().values("pk")))
    return memories


def by_meaning(memories: QuerySet[Memory], query: str, account_id: str | None) -> QuerySet[Memory]:
    """The nearest of them, best first. Raises StoreUnavailable."""
    found = nearest(query, account_id)
    # Without statistics SQLite takes any index before that of addresses, and reads every memory: 400 ms for 50,000.
    # What is asked for by primary key needs no row that is not among them.
    keys = dict(Record.objects.filter(address__in=found).order_by().values_list("address", "pk"))
    places = [When(pk=keys[address], then=place) for place, address in enumerate(found) if address in keys]
    return memories.filter(pk__in=keys.values()).order_by(Case(*places)) if places else memories.none()
