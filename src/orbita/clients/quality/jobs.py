from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.accounts.actions import service_user
from orbita.clients.facts import rebuild
from orbita.clients.models import FieldDefinition, QualitySettings
from orbita.clients.quality import actions, state
from orbita.clients.quality.actions import repairs
from orbita.core.jobs import is_cancelled
from orbita.core.models import Company, Event, Job


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Weighing all cards anew"))
def weigh_anew() -> None:
    """Completeness, problems and age of every card, after the rules of them were changed."""
    _weigh()


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Weighing all cards anew"))
def weigh_after(event_id: int) -> None:
    """The same after a change of an own field that weighs something."""
    field = FieldDefinition.objects.get(pk=Event.objects.get(pk=event_id).subject_id or 0)
    weights = QualitySettings.current().weights.values()
    if field.subject == "client" and any(field.name in own for own in weights):
        _weigh()


def _weigh() -> None:
    for _progress in rebuild():
        if is_cancelled():
            return


@task(atomic=False, max_attempts=3, label=_("Clients to look at again"))
def look_again() -> None:
    """Brings up clients put aside until today."""
    actions.bring_up(actor=service_user(), today=Company.current().business_date())


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Repair of cards"))
def run_repair(repair: int) -> None:
    """Takes what is offered for the cards of a repair, then counts the base anew."""
    repairs.run(repair)
    take_stock.enqueue()


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Undo of a repair"))
def undo_repair(repair: int, actor: int) -> None:
    """Gives the cards of a repair their old values."""
    repairs.undo(repair, actor)
    take_stock.enqueue()


@task(queue_name="long", max_attempts=3, label=_("Counting the state of the base"))
def take_stock() -> None:
    """The numbers of the dashboard as of now."""
    state.take_stock(service_user())


@task(queue_name="long", max_attempts=3, label=_("Counting the state of the base"))
def take_stock_after(event_id: int) -> None:
    """The numbers after an import."""
    state.take_stock(service_user())


def is_counting() -> bool:
    """Whether a count of the base runs or waits for its turn."""
    return Job.objects.filter(
        status__in=(Job.Status.QUEUED, Job.Status.RUNNING), task=take_stock.module_path
    ).exists()
