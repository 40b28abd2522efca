from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("chat", "0003_lineage_of_earlier_turns")]
    operations = [migrations.RemoveField(model_name="turn", name="recalled")]
