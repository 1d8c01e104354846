from typing import Any

from django.db import migrations, models


class AddIndexBesideWork(migrations.AddIndex):
    """On PostgreSQL the index grows while others write; one left half-made by a stop is made anew."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self.index.name}")
        schema_editor.execute(self.index.create_sql(model, schema_editor, concurrently=True))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {self.index.name}")


class Migration(migrations.Migration):
    """The seals of the log, and the indexes by which it is read.

    Not one transaction, for the indexes' sake; they come first, so that what a stop leaves undone is
    done by starting again.
    """

    atomic = False
    dependencies = [
        ("core", "0003_own_fields"),
    ]

    operations = [
        AddIndexBesideWork("event", models.Index(fields=["recorded_at"], name="event_by_time")),
        AddIndexBesideWork(
            "event", models.Index(fields=["actor_id", "recorded_at"], name="event_by_actor")
        ),
        AddIndexBesideWork(
            "event", models.Index(fields=["kind", "recorded_at"], name="event_by_kind")
        ),
        AddIndexBesideWork(
            "event",
            models.Index(
                condition=models.Q(("origin", "live")),
                fields=["request_id"],
                name="event_by_request",
            ),
        ),
        migrations.CreateModel(
            name="EventGap",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
                ("horizon", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "gap in the event log",
            },
        ),
        migrations.CreateModel(
            name="EventSeal",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("first_id", models.BigIntegerField()),
                ("last_id", models.BigIntegerField()),
                ("count", models.IntegerField()),
                ("total", models.BigIntegerField()),
                ("missing", models.TextField(default="[]")),
                ("late", models.TextField(default="[]")),
                ("marks", models.BinaryField()),
                ("content", models.BinaryField(max_length=32)),
                ("digest", models.BinaryField(max_length=32)),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "seal of the event log",
            },
        ),
    ]
