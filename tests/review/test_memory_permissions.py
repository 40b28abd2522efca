"""Who may do what with memories: nobody more than their permissions say, by whatever way they try."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from support_site.accounts.models import User
from support_site.memory.models import RecordChange
from support_site.review.models import Memory
from tests.review.memories import do, remembered

pytestmark = pytest.mark.django_db

LIST = "admin:review_memory_changelist"


@pytest.fixture
def tea(alice):
    return remembered(alice, "likes tea")


def test_rita_sees_no_verb_and_is_refused_when_she_tries_by_hand(reader, tea):
    for address in (reverse(LIST), reverse("admin:review_memory_change", args=[tea.pk])):
        text = reader.get(address).content.decode()
        assert "likes tea" in text
        assert "/admin/review/memory/do/" not in text
        assert "Undo this" not in text
        assert 'name="action"' not in text
        assert "/admin/review/memory/add/" not in text
    change = RecordChange.objects.filter(record=tea.pk).first()
    for verb in ("approve", "edit", "quarantine", "expire", "merge", "delete", "add"):
        assert reader.get(reverse("admin:review_memory_act", args=[verb]), {"ids": tea.pk}).status_code == 403
        assert do(reader, verb, tea, reason="because").status_code == 403
    assert reader.post(reverse("admin:review_memory_undo", args=[change.pk]), {"reason": "x"}).status_code == 403
    reader.post(reverse(LIST), {"action": "quarantine", "_selected_action": [tea.pk]})
    assert Memory.objects.get(pk=tea.pk).value == tea.value


@pytest.mark.parametrize("verb", ["approve", "delete", "add"])
def test_customers_and_strangers_get_nowhere(client, alice, tea, verb):
    for user in (None, alice):
        if user:
            client.force_login(user)
        assert do(client, verb, tea, reason="x").status_code in (302, 403)
        assert client.get(reverse(LIST)).status_code in (302, 403)
    assert Memory.objects.get(pk=tea.pk).value == tea.value


@pytest.mark.parametrize(
    ("group", "may", "may_not"),
    [
        ("Reviewer", {"review.view_memory", "chat.view_conversation"}, {"review.change_memory"}),
        ("Editor", {"review.change_memory", "review.delete_memory", "review.add_memory"}, {"privacy.erase_account"}),
        ("Privacy officer", {"privacy.erase_account", "privacy.export_account"}, {"review.change_memory"}),
    ],
)
def test_a_group_may_what_its_name_says(group, may, may_not):
    dan = User.objects.create_user("dan@example.com", "demo-password", is_staff=True)
    dan.groups.add(Group.objects.get(name=group))
    assert dan.has_perms(may)
    assert not any(dan.has_perm(name) for name in may_not)
    assert dan.has_perms(["review.view_memory", "memory.view_recordread"])
