from django.utils.translation import gettext_lazy as _
from django_tasks import task


@task(queue_name="long", atomic=False, max_attempts=5, label=_("Import of a file"))
def run_import(import_id: int) -> None:
    """Brings the file in, from where a killed worker left it."""
    from orbita.gateways.imports.engine import run

    run(import_id)


@task(queue_name="long", atomic=False, max_attempts=5, label=_("Undo of an import"))
def undo(import_id: int, actor_id: int) -> None:
    """Takes the import back, from where a killed worker left it."""
    from orbita.gateways.imports.undoing import run

    run(import_id, actor_id)
