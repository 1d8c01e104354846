from typing import Any

from django.db import migrations, models

ANSWERS = [
    ("tell", "Only tell the administrators"),
    ("slow", "Let the person on slowly until an administrator says otherwise or the day ends"),
    ("close", "Close the account at once, with its sessions and tokens"),
]


def keep_the_choice(apps: Any, schema_editor: Any) -> None:
    rules = apps.get_model("accounts", "ReadingRules").objects
    rules.filter(closes=True).update(answer="close")


def give_the_choice_back(apps: Any, schema_editor: Any) -> None:
    rules = apps.get_model("accounts", "ReadingRules").objects
    rules.filter(answer="close").update(closes=True)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_signin")]

    operations = [
        migrations.AddField(
            "readingrules",
            "answer",
            models.CharField(max_length=5, choices=ANSWERS, default="tell"),
        ),
        migrations.AddField(
            "readingrules", "copies", models.PositiveIntegerField(default=60)
        ),
        migrations.RunPython(keep_the_choice, give_the_choice_back),
        migrations.RemoveField("readingrules", "closes"),
    ]
