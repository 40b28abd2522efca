from django.db import migrations

from support_site.memory.facets import facets_of

FACETS = ("memory_kind", "trust", "conversation_id", "recalled_until", "reviewed_at")


def fill(apps, schema_editor):
    Record = apps.get_model("memory", "Record")
    memories = Record.objects.filter(kind="memories", value_text__isnull=False)
    changed = []
    for record in memories.only("kind", "value_text").iterator(chunk_size=500):
        for name, value in facets_of(record.kind, record.value_text).items():
            setattr(record, name, value)
        changed.append(record)
        if len(changed) == 500:
            Record.objects.bulk_update(changed, FACETS)
            changed = []
    Record.objects.bulk_update(changed, FACETS)


class Migration(migrations.Migration):
    dependencies = [("memory", "0004_facets")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
