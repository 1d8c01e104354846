from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clients", "0009_texts_in_search")]

    operations = [
        migrations.AddField(
            model_name="fielddefinition",
            name="is_compared",
            field=models.BooleanField(
                default=False, verbose_name="the same value tells a duplicate"
            ),
        ),
    ]
