"""Who may bring files in and take lists out."""

from orbita.accounts.testing import Row, World, answers, only
from orbita.core.models import Job
from orbita.gateways import actions
from orbita.gateways.exports.models import Export
from orbita.gateways.models import SavedMapping

# Without rows: a preview tries them out in a transaction that it rolls back, which would look here
# like a page that writes.
TABLE = "ФИО;Телефон\n".encode()
IMPORTERS = only("head", "administrator")
MOVED_ON = only("head", "administrator", status=302)


def prepare(world: World) -> None:
    draft = actions.receive_file(actor=world.administrator, chunks=[TABLE], name="clients.csv")
    actions.propose_mapping(actor=world.administrator, row=draft)
    running = actions.receive_file(actor=world.administrator, chunks=[TABLE], name="more.csv")
    actions.propose_mapping(actor=world.administrator, row=running)
    world["import"] = draft
    world["running import"] = actions.start_import(actor=world.administrator, row=running)
    Job.objects.filter(pk=world["running import"].job_id).delete()
    world["saved columns"] = SavedMapping.objects.create(name="Ours", mapping={"kind": "clients"})
    world["export"] = Export.objects.create(
        owner=world.owner, list_name="clients", format="csv", file_name="clients.csv"
    )
    world["asked export"] = Export.objects.create(
        owner=world.owner, list_name="clients", file_name="clients.csv", status="asked"
    )


def _draft(world: World) -> dict[str, int]:
    return {"pk": world["import"].pk}


def _running(world: World) -> dict[str, int]:
    return {"pk": world["running import"].pk}


def _export(world: World) -> dict[str, int]:
    return {"pk": world["export"].pk}


# Managers and others without the right to export at all; the marketer is not in this table.
EXPORTERS = only("head", "administrator")
ROWS = [
    Row("gateways:import", IMPORTERS),
    Row("gateways:import", only("head", "administrator", status=422), method="POST"),
    Row(
        "gateways:import-sample",
        only("head", "administrator", status=404),
        kwargs=lambda w: {"name": "secret.key"},
    ),
    Row("gateways:import-columns", IMPORTERS, kwargs=_draft),
    Row(
        "gateways:import-columns",
        MOVED_ON,
        method="POST",
        kwargs=_draft,
        data=lambda w: {"kind": "clients", "column-0": "full_name", "on_match": "fill"},
    ),
    Row("gateways:import-preview", IMPORTERS, kwargs=_draft),
    Row("gateways:import-run", MOVED_ON, method="POST", kwargs=_draft),
    Row(
        "gateways:import-save-columns",
        MOVED_ON,
        method="POST",
        kwargs=_draft,
        data=lambda w: {"name": "Mine"},
    ),
    Row(
        "gateways:import-delete-columns",
        MOVED_ON,
        method="POST",
        kwargs=lambda w: {"pk": w["import"].pk, "saved": w["saved columns"].pk},
    ),
    Row("gateways:import-discard", MOVED_ON, method="POST", kwargs=_draft),
    Row("gateways:import-result", IMPORTERS, kwargs=_running),
    Row("gateways:import-cancel", MOVED_ON, method="POST", kwargs=_running),
    Row("gateways:import-undo", MOVED_ON, method="POST", kwargs=_running),
    Row(
        "gateways:import-sheet",
        MOVED_ON,
        method="POST",
        kwargs=_running,
        data=lambda w: {"sheet": "none"},
    ),
    Row("gateways:import-rejected", IMPORTERS, kwargs=_running),
    *(
        Row(
            f"gateways:export-{way}",
            answers(404),
            method="POST",
            # A list that nobody may export; lists that are have their rooms' own rows.
            kwargs=lambda w: {"name": "kit"},
        )
        for way in ("csv", "csv-all", "xlsx", "xlsx-all")
    ),
    Row("gateways:export", only("owner", otherwise=404), kwargs=_export),
    Row("gateways:exports", only("head", "administrator")),
    Row("gateways:exports", only("administrator", status=302), method="POST"),
    Row(
        "gateways:decide-export",
        only("head", "administrator", status=302),
        method="POST",
        kwargs=lambda w: {"pk": w["asked export"].pk},
        data=lambda w: {"do": "approve"},
    ),
    Row("gateways:export-file", answers(404, owner=403), method="POST", kwargs=_export),
]
