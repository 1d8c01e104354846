from django.utils.translation import gettext_lazy as _
from django_tasks import task


# The names of tasks are kept in the rows of jobs: they must stay when their code moves.
@task(queue_name="long", atomic=False, max_attempts=3, label=_("Export of a list"))
def make_export(export_id: int) -> None:
    from orbita.gateways.exports import actions

    actions.make_export(export_id)


@task(atomic=False, label=_("Remove old exports"))
def remove_old_exports() -> None:
    from orbita.gateways.exports import actions

    actions.remove_old_exports()
