"""The form of bands, period and cut points: as many fields as there are bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.analytics.rfm.scoring import (
    FEWEST_BANDS,
    MEASURES,
    MOST_BANDS,
    Edges,
    Params,
    check_edges,
)
from orbita.core.models import Company
from orbita.core.money import from_minor, to_minor
from orbita.ui.forms import UiForm

TITLES = {
    "recency": gettext_lazy("Recency, R"),
    "frequency": gettext_lazy("Frequency, F"),
    "monetary": gettext_lazy("Money, M"),
}
LARGEST = {"recency": 36_600, "frequency": 1_000_000, "monetary": 10**13}


@dataclass(frozen=True, slots=True)
class BandRow:
    """A band in the table of thresholds; the last one of a measure has no edge of its own."""

    score: int
    field: Any
    edge: int | None


@dataclass(frozen=True, slots=True)
class MeasureRows:
    name: str
    title: Any
    by_hand: Any
    rows: Sequence[BandRow]


class RfmForm(UiForm):
    """Bands, period, returns and cut points; `edges` are what stands in the fields at first."""

    bands = forms.TypedChoiceField(
        label=gettext_lazy("Bands"),
        coerce=int,
        choices=[(n, str(n)) for n in range(FEWEST_BANDS, MOST_BANDS + 1)],
        help_text=gettext_lazy("How many scores each measure has."),
    )
    months = forms.IntegerField(
        label=gettext_lazy("Period, months"),
        required=False,
        min_value=1,
        max_value=600,
        help_text=gettext_lazy("Purchases of the last months. Leave it empty for all time."),
    )
    net = forms.TypedChoiceField(
        label=pgettext_lazy("rfm", "Money"),
        coerce=lambda value: value == "net",
        choices=[
            ("gross", gettext_lazy("all that was bought")),
            ("net", gettext_lazy("after returns")),
        ],
    )

    def __init__(self, data: Mapping[str, Any] | None, *, params: Params, edges: Edges) -> None:
        self._edges, self._currency = edges, Company.current().currency
        initial = {
            "bands": params.bands,
            "months": params.months,
            "net": "net" if params.net else "gross",
        }
        self.base_count = len(edges.recency)
        super().__init__(data, initial=initial)
        for measure in MEASURES:
            self._add(measure, measure in params.fixed, getattr(edges, measure))

    def _add(self, measure: str, by_hand: bool, edges: Sequence[int]) -> None:
        from orbita.ui.forms import dress

        self.fields[f"{measure}_by_hand"] = forms.BooleanField(
            label=_("Set by hand"), required=False, initial=by_hand
        )
        for place, edge in enumerate(edges):
            score = len(edges) + 1 - place if measure == "recency" else place + 1
            label = _("%(measure)s: score %(score)s up to") % {
                "measure": TITLES[measure],
                "score": score,
            }
            field: forms.Field
            if measure == "monetary":
                shown = from_minor(edge, self._currency)
                field = forms.DecimalField(
                    label=label,
                    required=False,
                    localize=False,
                    decimal_places=2,
                    initial=int(shown) if shown == int(shown) else f"{shown:.2f}",
                    min_value=Decimal(-LARGEST[measure]),
                    max_value=Decimal(LARGEST[measure]),
                )
            else:
                field = forms.IntegerField(
                    label=label,
                    required=False,
                    initial=max(0, edge),
                    min_value=0,
                    max_value=LARGEST[measure],
                )
            field.widget.attrs["inputmode"] = "decimal" if measure == "monetary" else "numeric"
            self.fields[f"{measure}_{place}"] = field
            dress(field)
        dress(self.fields[f"{measure}_by_hand"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        bands = data.get("bands")
        self.fixed: dict[str, tuple[int, ...]] = {}
        # With another number of bands the old cut points say nothing: the base decides anew.
        self.dropped = bands is not None and bands != self.base_count + 1
        if bands is None or self.dropped:
            return data
        for measure in MEASURES:
            if data.get(f"{measure}_by_hand"):
                self._read(measure, data, bands)
        return data

    def _read(self, measure: str, data: Mapping[str, Any], bands: int) -> None:
        values = [data.get(f"{measure}_{place}") for place in range(bands - 1)]
        if any(value is None for value in values):
            self.add_error(f"{measure}_by_hand", _("Fill in all its cut points."))
            return
        edges = tuple(
            to_minor(value, self._currency) if measure == "monetary" else int(value)
            for value in values
            if value is not None
        )
        try:
            check_edges(edges, bands)
        except ValidationError as error:
            self.add_error(f"{measure}_by_hand", error)
            return
        self.fixed[measure] = edges

    @property
    def params(self) -> Params:
        """What a valid form asks for."""
        data = self.cleaned_data
        return Params(data["bands"], data["months"], data["net"], self.fixed)

    def measures(self) -> list[MeasureRows]:
        """The tables of cut points, the best band first."""
        found = []
        for measure in MEASURES:
            edges = getattr(self._edges, measure)
            rows = [
                BandRow(
                    len(edges) + 1 - place if measure == "recency" else place + 1,
                    self[f"{measure}_{place}"],
                    edge,
                )
                for place, edge in enumerate(edges)
            ]
            rows.append(BandRow(1 if measure == "recency" else len(edges) + 1, None, None))
            rows.sort(key=lambda row: -row.score)
            found.append(MeasureRows(measure, TITLES[measure], self[f"{measure}_by_hand"], rows))
        return found
