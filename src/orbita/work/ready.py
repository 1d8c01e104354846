"""Pipelines and reasons of loss that an installation begins with, in the language of its maker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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
    ReadyStage(pgettext_lazy("stage", "Won"), Colour.GREEN, 100, kind=Kind.WON),
    ReadyStage(pgettext_lazy("stage", "Lost"), Colour.RED, 0, kind=Kind.LOST),
)
PIPELINES = (
    ReadyPipeline(
        "new",
        pgettext_lazy("pipeline", "New sales"),
        (
            ReadyStage(
                pgettext_lazy("stage", "New request"),
                Colour.BLUE,
                10,
                2,
                instruction=_("Call or write within the working day: find out what is needed."),
            ),
            ReadyStage(
                pgettext_lazy("stage", "Needs found out"), Colour.TEAL, 30, 7, required=("client",)
            ),
            ReadyStage(
                pgettext_lazy("stage", "Offer sent"),
                Colour.AMBER,
                50,
                10,
                required=("amount", "expected_on"),
            ),
            ReadyStage(
                pgettext_lazy("stage", "Agreeing"),
                Colour.VIOLET,
                80,
                10,
                required=("amount", "expected_on"),
            ),
            *_ENDS,
        ),
    ),
    ReadyPipeline(
        "repeat",
        pgettext_lazy("pipeline", "Repeat sales"),
        (
            ReadyStage(pgettext_lazy("stage", "To be offered"), Colour.BLUE, 30, 14),
            ReadyStage(pgettext_lazy("stage", "Offered"), Colour.TEAL, 50, 10),
            ReadyStage(
                pgettext_lazy("stage", "Ordering"), Colour.VIOLET, 80, 7, required=("amount",)
            ),
            *_ENDS,
        ),
    ),
    ReadyPipeline(
        "service",
        pgettext_lazy("pipeline", "Service"),
        (
            ReadyStage(pgettext_lazy("stage", "Asked for"), Colour.BLUE, 60, 2),
            ReadyStage(
                pgettext_lazy("stage", "Time agreed"),
                Colour.TEAL,
                80,
                14,
                required=("expected_on",),
            ),
            ReadyStage(pgettext_lazy("stage", "Being done"), Colour.AMBER, 90, 14),
            *_ENDS,
        ),
    ),
    ReadyPipeline(
        "refunds",
        pgettext_lazy("pipeline", "Refunds"),
        (
            ReadyStage(pgettext_lazy("stage", "Asked for"), Colour.BLUE, 50, 2),
            ReadyStage(pgettext_lazy("stage", "Being looked into"), Colour.AMBER, 50, 10),
            ReadyStage(pgettext_lazy("stage", "Settled"), Colour.GREEN, 100, kind=Kind.WON),
            ReadyStage(pgettext_lazy("stage", "Declined"), Colour.RED, 0, kind=Kind.LOST),
        ),
    ),
)
REASONS: tuple[tuple[str | Promise, tuple[str | Promise, ...]], ...] = (
    (
        pgettext_lazy("loss", "Price"),
        (
            pgettext_lazy("loss", "Too expensive"),
            pgettext_lazy("loss", "Found it cheaper"),
            pgettext_lazy("loss", "No budget"),
        ),
    ),
    (
        pgettext_lazy("loss", "Product"),
        (
            pgettext_lazy("loss", "Not what is needed"),
            pgettext_lazy("loss", "Not in stock"),
            pgettext_lazy("loss", "The term does not suit"),
        ),
    ),
    (
        pgettext_lazy("loss", "Competitor"),
        (pgettext_lazy("loss", "Chose others"), pgettext_lazy("loss", "Stayed with theirs")),
    ),
    (
        pgettext_lazy("loss", "Client"),
        (
            pgettext_lazy("loss", "Does not answer"),
            pgettext_lazy("loss", "Changed his mind"),
            pgettext_lazy("loss", "Not now"),
        ),
    ),
    (
        pgettext_lazy("loss", "Our mistake"),
        (pgettext_lazy("loss", "Answered late"), pgettext_lazy("loss", "Quality let down")),
    ),
)
