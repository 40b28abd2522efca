from django.db import migrations

from support_site.memory.facets import facets_of


def fill(apps, schema_editor):
    Record = apps.get_model("memory", "Record")
    memories = Record.objects.filter(kind="memories", value_text__isnull=False)
    changed = []
    for record in memories.only("kind", "value_text").iterator(chunk_size=500):
        record.search_text = facets_of(record.kind, record.value_text)["search_text"]
        changed.append(record)
        if len(changed) == 500:
            Record.objects.bulk_update(changed, ["search_text"])
            changed = []
    Record.objects.bulk_update(changed, ["search_text"])


class Migration(migrations.Migration):
    dependencies = [("memory", "0009_search_text")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
