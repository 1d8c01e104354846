from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_rights")]

    operations = [
        migrations.AddField(
            model_name="role",
            name="field_rights",
            field=models.JSONField(default=dict, editable=False),
        ),
    ]
