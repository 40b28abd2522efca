import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Recalled',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('address', models.CharField(db_index=True, max_length=64)),
                ('turn', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recollections', to='chat.turn')),
            ],
            options={
                'ordering': ('id',),
                'constraints': [models.UniqueConstraint(fields=('turn', 'address'), name='recalled_once_a_turn')],
            },
        ),
    ]
