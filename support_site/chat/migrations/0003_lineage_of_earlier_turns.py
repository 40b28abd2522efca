from django.db import migrations

from support_site.memory.drafts import address_of


def fill(apps, schema_editor):
    Turn, Recalled = apps.get_model("chat", "Turn"), apps.get_model("chat", "Recalled")
    for turn in Turn.objects.exclude(recalled={}).select_related("conversation").iterator(chunk_size=500):
        account = str(turn.conversation.account_id)
        rows = [
            Recalled(turn=turn, kind=kind, address=address_of(("accounts", account, kind), key))
            for kind, keys in turn.recalled.items()
            for key in keys
        ]
        Recalled.objects.bulk_create(rows, ignore_conflicts=True)


def empty(apps, schema_editor):
    """The turns have what they had until the column is dropped."""
    apps.get_model("chat", "Recalled").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_lineage")]
    operations = [migrations.RunPython(fill, empty)]
