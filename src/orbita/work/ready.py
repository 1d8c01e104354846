"""Pipelines and reasons of loss that an installation begins with, in the language of its maker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orbita.work.models import Stage

Kind, Colour = Stage.Kind, Stage.Colour


@dataclass(frozen=True)
class ReadyStage:
    """A stage before it stands in a pipeline."""

    name: str | Promise
    colour: str = Colour.GREY
    probability: int = 50
    limit_days: int | None = None
    kind: str = Kind.OPEN
    required: tuple[str, ...] = ()
    instruction: str | Promise = ""

    def fields(self) -> dict[str, Any]:
        return {
            "name": str(self.name),
            "colour": self.colour,
            "probability": self.probability,
            "limit_days": self.limit_days,
            "kind": self.kind,
            "required": list(self.required),
            "instruction": str(self.instruction),
        }


@dataclass(frozen=True)
class ReadyPipeline:
    name: str
    label: str | Promise
    stages: Sequence[ReadyStage]


_ENDS = (
    ReadyStage(_("Won"), Colour.GREEN, 100, kind=Kind.WON),
    ReadyStage(_("Lost"), Colour.RED, 0, kind=Kind.LOST),
)
PIPELINES = (
    ReadyPipeline(
        "new",
        _("New sales"),
        (
            ReadyStage(
                _("New request"),
                Colour.BLUE,
                10,
                2,
                instruction=_("Call or write within the working day: find out what is needed."),
            ),
            ReadyStage(_("Needs found out"), Colour.TEAL, 30, 7, required=("client",)),
            ReadyStage(_("Offer sent"), Colour.AMBER, 50, 10, required=("amount", "expected_on")),
            ReadyStage(_("Agreeing"), Colour.VIOLET, 80, 10, required=("amount", "expected_on")),
            *_ENDS,
        ),
    ),
    ReadyPipeline(
        "repeat",
        _("Repeat sales"),
        (
            ReadyStage(_("To be offered"), Colour.BLUE, 30, 14),
            ReadyStage(_("Offered"), Colour.TEAL, 50, 10),
            ReadyStage(_("Ordering"), Colour.VIOLET, 80, 7, required=("amount",)),
            *_ENDS,
        ),
    ),
    ReadyPipeline(
        "service",
        _("Service"),
        (
            ReadyStage(_("Asked for"), Colour.BLUE, 60, 2),
            ReadyStage(_("Time agreed"), Colour.TEAL, 80, 14, required=("expected_on",)),
            ReadyStage(_("Being done"), Colour.AMBER, 90, 14),
            *_ENDS,
        ),
    ),
    ReadyPipeline(
        "refunds",
        _("Refunds"),
        (
            ReadyStage(_("Asked for"), Colour.BLUE, 50, 2),
            ReadyStage(_("Being looked into"), Colour.AMBER, 50, 10),
            ReadyStage(_("Settled"), Colour.GREEN, 100, kind=Kind.WON),
            ReadyStage(_("Declined"), Colour.RED, 0, kind=Kind.LOST),
        ),
    ),
)
REASONS: tuple[tuple[str | Promise, tuple[str | Promise, ...]], ...] = (
    (_("Price"), (_("Too expensive"), _("Found it cheaper"), _("No budget"))),
    (_("Product"), (_("Not what is needed"), _("Not in stock"), _("The term does not suit"))),
    (_("Competitor"), (_("Chose others"), _("Stayed with theirs"))),
    (_("Client"), (_("Does not answer"), _("Changed his mind"), _("Not now"))),
    (_("Our mistake"), (_("Answered late"), _("Quality let down"))),
)
