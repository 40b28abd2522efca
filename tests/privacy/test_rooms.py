from django.apps import apps
from django.db.models import ForeignKey

from support_site.accounts.models import Account, User
from support_site.privacy.rooms import NAMES_A_USER_ONLY, ROOMS


def points_at_a_customer(model, seen=()):
    """Whether a path of foreign keys leads from the model to Account."""
    targets = {f.related_model for f in model._meta.get_fields() if isinstance(f, ForeignKey)}
    return Account in targets or any(
        points_at_a_customer(t, (*seen, model)) for t in targets if t not in (*seen, model)
    )


def test_every_model_that_points_at_an_account_is_named_by_privacy():
    # A proxy shows rows that another model holds.
    models = [m for m in apps.get_models() if not m._meta.proxy and m is not Account and points_at_a_customer(m)]
    assert User in models
    assert {m._meta.label for m in models} == set(ROOMS) | NAMES_A_USER_ONLY


def test_the_path_of_every_room_leads_to_the_account():
    for label, path in ROOMS.items():
        query = str(apps.get_model(label).objects.filter(**{path: "6f1c0b9e-0000-4000-8000-000000000000"}).query)
        assert "account_id" in query, label
