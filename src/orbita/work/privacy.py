"""What deals keep of a client, and what of them stays without him: sums and stages, for the reports."""

from typing import TYPE_CHECKING

from django.db.models import F

from orbita.clients.fields.in_bulk import unmark
from orbita.clients.privacy.registry import PERSONAL, SETTLED, Personal, Settled
from orbita.work.models import (
    Deal,
    DealHelper,
    DealPerson,
    LossReason,
    Pipeline,
    Stage,
    StageStay,
)

if TYPE_CHECKING:
    from orbita.clients.privacy.erasing import Erasing

TOLD = (
    *("name", "created_at", "stage", "amount", "currency", "expected_on", "next_step"),
    *("next_step_on", "loss_reason", "come_back_on", "comment", "own"),
)


def _own_values(work: "Erasing") -> None:
    keys = list(Deal.objects.filter(client__in=work.cards).values_list("pk", flat=True))
    unmark(keys, "deal")
    work.subjects.setdefault("deal", set()).update(keys)


def register() -> None:
    """Puts the tables of this room into the registries."""
    PERSONAL.register(
        Personal(
            Deal,
            told=TOLD,
            empty={
                "client": None,
                "name": "",
                "name_key": "",
                "next_step": "",
                "comment": "",
                "own": None,
                "version": F("version") + 1,
            },
            stay=("currency",),
            first=_own_values,
        ),
        Personal(DealPerson, told=("role",)),
    )
    SETTLED.register(
        Settled(
            "pipelines, stages and who works on what",
            (Pipeline, Stage, LossReason, StageStay, DealHelper),
        )
    )
