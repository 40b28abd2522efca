from django.db import migrations

from support_site.memory.facets import effect_of


def fill(apps, schema_editor):
    RecordChange = apps.get_model("memory", "RecordChange")
    changes = RecordChange.objects.filter(record__kind="memories", after_text__isnull=False)
    changed = []
    for change in changes.only("before_text", "after_text").iterator(chunk_size=500):
        change.effect = effect_of(change.before_text, change.after_text)
        if change.effect:
            changed.append(change)
        if len(changed) == 500:
            RecordChange.objects.bulk_update(changed, ["effect"])
            changed = []
    RecordChange.objects.bulk_update(changed, ["effect"])


class Migration(migrations.Migration):
    dependencies = [("memory", "0011_effects")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
