from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_reading_answers")]

    operations = [
        migrations.AddField(
            "role", "confined", models.JSONField(default=dict, editable=False)
        ),
    ]
