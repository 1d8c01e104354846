
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_field_rights'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReadingRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cards', models.PositiveIntegerField(default=150)),
                ('searches', models.PositiveIntegerField(default=1000)),
                ('rows', models.PositiveIntegerField(default=20000)),
                ('closes', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'rules of reading',
            },
        ),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('kind', models.CharField(max_length=20)),
                ('subject_id', models.BigIntegerField(default=0)),
                ('times', models.PositiveIntegerField(default=0)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='readings', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'reading',
                'indexes': [models.Index(fields=['day'], name='reading_by_day')],
                'constraints': [models.UniqueConstraint(fields=('user', 'day', 'kind', 'subject_id'), name='reading_once_per_day')],
            },
        ),
    ]
