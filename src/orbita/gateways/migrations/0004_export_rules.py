
import django.db.models.deletion
import orbita.gateways.exports.marking
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gateways', '0003_field_of_import'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ExportRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rows_a_day', models.PositiveIntegerField(null=True)),
                ('approved_from', models.PositiveIntegerField(null=True)),
            ],
            options={
                'verbose_name': 'rules of exports',
            },
        ),
        migrations.AddField(
            model_name='export',
            name='decided_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='export',
            name='filter_text',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='export',
            name='mark',
            field=models.CharField(default=orbita.gateways.exports.marking.new_mark, max_length=16),
        ),
        migrations.AddField(
            model_name='export',
            name='reason',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AlterField(
            model_name='export',
            name='status',
            field=models.CharField(choices=[('asked', 'Waiting for approval'), ('refused', 'Not approved'), ('queued', 'Waiting'), ('running', 'Running'), ('ready', 'Ready'), ('failed', 'Failed'), ('fetched', 'Fetched'), ('expired', 'Expired')], default='queued', max_length=7),
        ),
    ]
