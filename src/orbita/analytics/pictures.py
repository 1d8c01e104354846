"""Figures of RFM as the pages show them: words, shares, depths of colour, links."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.analytics.forms import RfmForm
from orbita.analytics.models import RfmRun
from orbita.analytics.overview import MOVES_SHOWN, GroupRow, Largest, MoveRow, Overview
from orbita.analytics.rfm.compute import Summary
from orbita.analytics.rfm.groups import GROUPS, HUES, Group, group_at, group_of
from orbita.analytics.rfm.scoring import Params
from orbita.core.models import Company
from orbita.core.money import exponent, from_minor
from orbita.ui import charts, formats
from orbita.ui.lists import EXPORTERS, LISTS, address_of, compact

CLIENTS = "clients"
# Shares of money from which a cell of the map is a step darker.
DEPTHS = (0.02, 0.04, 0.08, 0.15)
Rule = dict[str, Any]


def currency_sign() -> str:
    return formats.sign(Company.current().currency)


def list_address(rule: Rule) -> str:
    """The client list that fits the rule; empty while there is no such list."""
    spec = LISTS.get(CLIENTS)
    return address_of(spec, rule) if spec else ""


def clients_in_words(count: int) -> str:
    words = ngettext("%(n)s client", "%(n)s clients", count)
    return words % {"n": formats.number(count)}


def share(value: float) -> str:
    """A share with a digit after the point: «7,5 %»."""
    return formats.percent(value, 1)


@dataclass(frozen=True, slots=True)
class CellView:
    group: Group
    clients: str
    share: str
    depth: int
    title: str
    url: str
    again: bool
    current: bool


@dataclass(frozen=True, slots=True)
class MapRow:
    score: int
    cells: Sequence[CellView]


@dataclass(frozen=True, slots=True)
class GroupLine:
    group: Group
    clients: str
    share: str
    money_share: str
    change: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class MoveView:
    row: MoveRow
    bars: SafeString
    last: str
    change: str
    url: str


class RfmPage:
    """The RFM page for one person with one group chosen."""

    def __init__(self, actor: User, overview: Overview, row: GroupRow) -> None:
        self.actor, self.overview, self.row = actor, overview, row
        self.run, self.bands = overview.run, overview.run.bands
        self.currency = Company.current().currency
        self.may_open = policy.allows(actor, "clients.view")

    # ---- the head ----

    @property
    def summary(self) -> str:
        """«12 408 buyers, 86,4 млн ₽ за 12 месяцев»."""
        buyers = ngettext("%(n)s buyer", "%(n)s buyers", self.overview.clients)
        return _("%(buyers)s, %(money)s %(period)s") % {
            "buyers": buyers % {"n": formats.number(self.overview.clients)},
            "money": formats.short_money(self.overview.money, self.currency),
            "period": self.period_phrase,
        }

    @property
    def months(self) -> int | None:
        return self.run.params.months

    @property
    def period_phrase(self) -> str:
        months = self.months
        if months is None:
            return _("in all time")
        return ngettext("in %(n)s month", "in %(n)s months", months) % {"n": months}

    @property
    def period(self) -> str:
        months = self.months
        if months is None:
            return _("All time")
        return ngettext("%(n)s month", "%(n)s months", months) % {"n": months}

    @property
    def computed(self) -> str:
        moment = self.run.computed_at
        return formats.ago(moment) if moment else ""

    @cached_property
    def exports(self) -> list[tuple[Any, str]]:
        """The ways to export the chosen base: those of the client list, by the same rights."""
        spec = LISTS.get(CLIENTS)
        if spec is None or not spec.export or not policy.allows(self.actor, spec.export):
            return []
        query = urlencode(
            {"view": "all", "f": compact({"all": [{"fact": "rfm_group", "op": "filled"}]})}
        )
        return [
            (exporter, f"{reverse(exporter.url_name, args=[spec.name])}?{query}")
            for exporter in EXPORTERS
        ]

    # ---- the map ----

    def map_rows(self) -> list[MapRow]:
        """Rows of the map from the best down; the first cell of a group bears its name in bold."""
        seen: set[str] = set()
        return [
            MapRow(fm, [self._cell(r, fm, seen) for r in range(1, self.bands + 1)])
            for fm in range(self.bands, 0, -1)
        ]

    def _cell(self, r: int, fm: int, seen: set[str]) -> CellView:
        group = group_at(r, fm, self.bands)
        clients, money = self.overview.cells.get((r, fm), (0, 0))
        part = self.overview.money_share(money)
        again = group.name in seen
        seen.add(group.name)
        return CellView(
            group=group,
            clients=formats.number(clients),
            share=share(part),
            depth=1 + sum(part >= edge for edge in DEPTHS),
            title=_("%(group)s: R %(r)s, F and M %(fm)s. %(clients)s, %(share)s of the money")
            % {
                "group": group.label,
                "r": r,
                "fm": fm,
                "clients": clients_in_words(clients),
                "share": share(part),
            },
            url=self._list(
                {"fact": "rfm_r", "op": "eq", "value": r},
                {"fact": "rfm_fm", "op": "eq", "value": fm},
            ),
            again=again,
            current=group.name == self.row.group.name,
        )

    def _list(self, *conditions: Rule) -> str:
        return list_address({"all": list(conditions)}) if self.may_open else ""

    def axis(self) -> list[str]:
        last = self.bands
        words = {1: _("1 · long ago"), last: _("%(n)s · recently") % {"n": last}}
        return [words.get(score, str(score)) for score in range(1, last + 1)]

    def key(self) -> list[tuple[str, Any]]:
        return list(HUES.items())

    # ---- moves ----

    @property
    def has_moves(self) -> bool:
        return bool(self.overview.moves)

    @cached_property
    def shown_moves(self) -> list[MoveView]:
        return [self._move(row) for row in self.overview.moves[:MOVES_SHOWN]]

    def all_moves(self) -> Iterator[MoveView]:
        for row in self.overview.moves:
            yield self._move(row)

    def _move(self, row: MoveRow) -> MoveView:
        label = _("%(was)s to %(now)s by month: %(counts)s") % {
            "was": row.was.label,
            "now": row.now.label,
            "counts": ", ".join(map(str, row.counts)),
        }
        return MoveView(
            row,
            charts.bars(row.counts, label, row.hue),
            formats.number(row.last),
            self._change(row) if len(row.counts) > 1 else "",
            self._list(
                {"fact": "rfm_was", "op": "in", "value": [row.was.name]},
                {"fact": "rfm_group", "op": "in", "value": [row.now.name]},
            ),
        )

    def _change(self, row: MoveRow) -> str:
        if not self.overview.months:
            return ""
        return _("%(change)s to %(month)s") % {
            "change": formats.signed(row.change),
            "month": date_format(self.overview.months[-1], "b"),
        }

    @property
    def moves_period(self) -> str:
        """«апрель — ноябрь»: the months of the bars."""
        now = self.overview.month_under_way
        months = [*self.overview.months, *([now] if now else [])]
        if not months:
            return ""
        first, last = (_month_name(month) for month in (months[0], months[-1]))
        return first if first == last else f"{first} — {last}"

    # ---- groups ----

    def group_lines(self) -> list[GroupLine]:
        page = reverse("analytics:rfm")
        return [
            GroupLine(
                row.group,
                formats.number(row.clients),
                share(row.share),
                share(row.money_share),
                formats.signed(row.change) if self.has_past else "",
                f"{page}?group={row.group.name}#group",
                row.group.name == self.row.group.name,
            )
            for row in self.overview.groups
        ]

    @cached_property
    def has_past(self) -> bool:
        """Whether there is a closed month to compare with."""
        return bool(self.overview.months) or any(was for was, *_rest in self.run.moves)

    # ---- the rail ----

    @property
    def group(self) -> Group:
        return self.row.group

    @property
    def group_list(self) -> str:
        return self._list({"fact": "rfm_group", "op": "in", "value": [self.group.name]})

    @property
    def group_clients(self) -> str:
        return formats.number(self.row.clients)

    @property
    def group_noun(self) -> str:
        return npgettext("counted", "client", "clients", self.row.clients)

    @property
    def group_money(self) -> str:
        """«7,5 % выручки, в среднем 6 600 ₽ с клиента»."""
        if not self.row.clients:
            return ""
        average = self._whole(self.row.money / self.row.clients)
        return _("%(share)s of the money, %(average)s per client on average.") % {
            "share": share(self.row.money_share),
            "average": formats.money(average, self.currency),
        }

    @cached_property
    def largest(self) -> Largest | None:
        return self.overview.largest(self.row)

    @property
    def largest_title(self) -> str:
        assert self.largest  # noqa: S101
        words = ngettext(
            "Begin with the largest one", "Begin with the %(n)s largest", self.largest.clients
        )
        return words % {"n": formats.number(self.largest.clients)}

    @property
    def largest_reason(self) -> str:
        assert self.largest  # noqa: S101
        return _("they hold %(share)s of the group's money, %(sum)s and more each") % {
            "share": formats.percent(self.largest.share),
            "sum": formats.money(self._whole(self.largest.least), self.currency),
        }

    @property
    def largest_list(self) -> str:
        if self.largest is None:
            return ""
        return self._list(
            {"fact": "rfm_group", "op": "in", "value": [self.group.name]},
            {"fact": "rfm_money", "op": "gte", "value": self._least},
        )

    @property
    def _least(self) -> str:
        assert self.largest  # noqa: S101
        return str(from_minor(self._whole(self.largest.least), self.currency))

    def _whole(self, minor: float) -> int:
        """Minor units without the part that only clutters: whole roubles."""
        unit = 10 ** exponent(self.currency)
        return int(minor // unit * unit)

    @property
    def brought(self) -> str:
        return formats.short_money(self.row.money, self.currency)

    @property
    def won_back(self) -> str:
        """«22 из 100 за квартал»; empty when it is not known."""
        part = self.overview.won_back(self.group)
        if part is None:
            return ""
        return _("%(n)s of 100 in a quarter") % {"n": round(part * 100)}


def _month_name(month: date) -> str:
    return date_format(month, "F").lower() if formats.is_russian() else date_format(month, "F")


# ---- thresholds ----


@dataclass(frozen=True, slots=True)
class BandView:
    score: int
    field: Any
    text: str
    clients: str


@dataclass(frozen=True, slots=True)
class ThresholdTable:
    name: str
    title: Any
    by_hand: Any
    unit: str
    hint: str
    rows: Sequence[BandView]


def thresholds(form: RfmForm, summary: Summary | None) -> list[ThresholdTable]:
    """The tables of cut points with how many clients each band has."""
    counts = _clients_by_band(summary) if summary else {}
    units = {
        "recency": _("up to, days"),
        "frequency": _("up to, orders"),
        "monetary": _("up to, %(sign)s") % {"sign": currency_sign()},
    }
    hints = {
        "recency": _("The fewer days since the last purchase, the higher the score."),
        "frequency": _("The more orders, the higher the score."),
        "monetary": _("The larger the sum, the higher the score."),
    }
    last = {"recency": _("longer"), "frequency": _("more"), "monetary": _("more")}
    return [
        ThresholdTable(
            measure.name,
            measure.title,
            measure.by_hand,
            units[measure.name],
            hints[measure.name],
            [
                BandView(
                    row.score,
                    row.field,
                    last[measure.name] if row.field is None else "",
                    formats.number(counts.get((measure.name, row.score), 0)) if summary else "",
                )
                for row in measure.rows
            ],
        )
        for measure in form.measures()
    ]


def _clients_by_band(summary: Summary) -> dict[tuple[str, int], int]:
    counts: dict[tuple[str, int], int] = {}
    for cell in summary.cells:
        for measure, value in (("recency", cell.r), ("frequency", cell.f), ("monetary", cell.m)):
            if value is not None:
                counts[measure, value] = counts.get((measure, value), 0) + cell.clients
    return counts


@dataclass(frozen=True, slots=True)
class PreviewLine:
    group: Group
    clients: str
    money_share: str
    change: str


class Preview:
    """The groups that these settings would make, beside those of the last calculation."""

    def __init__(self, summary: Summary, params: Params, run: RfmRun) -> None:
        self.clients = formats.number(summary.clients)
        sizes = {name: [0, 0] for name in GROUPS}
        for cell in summary.cells:
            total = sizes[group_of(cell.r, cell.f, cell.m, params.bands).name]
            total[0] += cell.clients
            total[1] += cell.money
        now = dict.fromkeys(GROUPS, 0)
        for r, f, m, clients, _money in run.cells:
            now[group_of(r, f, m, run.bands).name] += clients
        self.lines = [
            PreviewLine(
                GROUPS[name],
                formats.number(clients),
                share(money / summary.money if summary.money > 0 else 0),
                formats.signed(clients - now[name]) if run.cells else "",
            )
            for name, (clients, money) in sizes.items()
        ]
        self.unknown = sum(cell.clients for cell in summary.cells if cell.f is None)
