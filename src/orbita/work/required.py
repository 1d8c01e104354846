"""Fields that a stage may ask of a deal before it comes there."""

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orbita.clients.fields.known import active
from orbita.clients.fields.values import stored
from orbita.work.models import Deal, Stage

PLAIN: dict[str, str | Promise] = {
    "client": _("Client"),
    "amount": _("Sum"),
    "expected_on": _("Expected on"),
    "source": _("Source"),
    "responsible": _("Responsible"),
    "next_step": _("Next step"),
    "comment": _("Comment"),
}


def choices() -> list[tuple[str, str | Promise]]:
    """What may be asked for: the deal's fields and the own ones."""
    return [*PLAIN.items(), *((field.name, field.label) for field in active("deal"))]


def missing(deal: Deal, stage: Stage) -> list[str]:
    """The names of the fields that the stage asks for and the deal lacks. An archived own field asks
    for nothing.
    """
    fields = {field.name: field for field in active("deal")}
    lacking = []
    for name in _asked(stage.required):
        if name in PLAIN:
            value = getattr(deal, f"{name}_id", None) or getattr(deal, name)
        elif name in fields:
            value = stored(deal, fields[name])
        else:
            continue
        if value in (None, "", []):
            lacking.append(name)
    return lacking


def _asked(names: Sequence[str]) -> list[str]:
    return [name for name in names if isinstance(name, str)]
