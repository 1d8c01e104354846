
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0012_privacy'),
    ]

    operations = [
        migrations.AlterField(
            model_name='note',
            name='kind',
            field=models.CharField(choices=[('note', 'Note'), ('call', 'Call'), ('meeting', 'Meeting'), ('letter', 'Letter'), ('trouble', 'Complaint')], default='note', max_length=7, verbose_name='kind'),
        ),
    ]
