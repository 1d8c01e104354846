"""The figures of the RFM page: over the whole base from the last calculation, or over the clients
that somebody may see, counted from their scores."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db.models import Count, Sum

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.analytics.models import RfmHistory, RfmMonth, RfmRun, RfmScore
from orbita.analytics.rfm.groups import GROUPS, Group, combined, group_at

# Months in the bars of a transition, the one under way included.
MONTHS_SHOWN = 8
MOVES_SHOWN = 6
# Who is called first: the largest clients that hold this much of their group's money.
LARGEST_SHARE, MOST_LARGEST = 0.6, 50
WON_BACK = ("keep", "grow")
Sizes = tuple[int, int]
Move = tuple[str, str]


@dataclass(frozen=True, slots=True)
class GroupRow:
    group: Group
    clients: int
    money: int
    share: float
    money_share: float
    change: int


@dataclass(frozen=True, slots=True)
class MoveRow:
    """Clients who moved between two groups, by month; the last month is the one under way."""

    was: Group
    now: Group
    counts: tuple[int, ...]

    @property
    def last(self) -> int:
        return self.counts[-1]

    @property
    def change(self) -> int:
        return self.counts[-1] - (self.counts[-2] if len(self.counts) > 1 else 0)

    @property
    def hue(self) -> str:
        """That of the group they came to; leaving the champions is no good news, loyal or not."""
        return "watch" if self.was.name == "champions" and self.now.hue == "keep" else self.now.hue


@dataclass(frozen=True, slots=True)
class Largest:
    """The clients of a group to begin with, and how much of its money they hold."""

    clients: int
    share: float
    least: int


class Overview:
    """What one person sees of the last calculation. Money is in minor units."""

    def __init__(self, actor: User, run: RfmRun) -> None:
        self.actor, self.run = actor, run
        self.sees_all = policy.covers_all(actor, "clients.view")
        self._scores = RfmScore.objects.visible_to(actor)

    @cached_property
    def cells(self) -> Mapping[tuple[int, int], Sizes]:
        """(r, frequency and money) → clients and money."""
        sizes: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        if self.sees_all:
            found = [(r, combined(f, m), n, money) for r, f, m, n, money in self.run.cells]
        else:
            rows = self._scores.values_list("r", "fm").order_by()
            found = list(rows.annotate(Count("pk"), Sum("monetary")))
        for r, fm, clients, money in found:
            sizes[r, fm][0] += clients
            sizes[r, fm][1] += int(money)
        return {place: (clients, money) for place, (clients, money) in sizes.items()}

    @cached_property
    def clients(self) -> int:
        return sum(clients for clients, _money in self.cells.values())

    @cached_property
    def money(self) -> int:
        return sum(money for _clients, money in self.cells.values())

    @property
    def unknown_frequency(self) -> int:
        """How many clients have no F: for those who see everybody."""
        return sum(cell[3] for cell in self.run.cells if cell[1] is None) if self.sees_all else 0

    def money_share(self, money: int) -> float:
        return money / self.money if self.money > 0 else 0.0

    @cached_property
    def groups(self) -> list[GroupRow]:
        """Every group, the empty ones too."""
        sizes: dict[str, list[int]] = {name: [0, 0] for name in GROUPS}
        for (r, fm), (clients, money) in self.cells.items():
            total = sizes[group_at(r, fm, self.run.bands).name]
            total[0] += clients
            total[1] += money
        before: Counter[str] = Counter()
        for was, _now, clients in self._moves_now:
            before[was] += clients
        return [
            GroupRow(
                GROUPS[name],
                clients,
                money,
                clients / self.clients if self.clients else 0.0,
                self.money_share(money),
                clients - before[name],
            )
            for name, (clients, money) in sizes.items()
        ]

    def row(self, name: str) -> GroupRow:
        """A group by its name; for any other name, the one with the most money at stake."""
        known = {row.group.name: row for row in self.groups}
        if name in known:
            return known[name]
        return max(self.groups, key=lambda row: (row.group.hue == "save", row.money))

    # ---- moves ----

    @cached_property
    def _moves_now(self) -> Sequence[tuple[str, str, int]]:
        if self.sees_all:
            return [(was, now, clients) for was, now, clients in self.run.moves]
        rows = self._scores.values_list("was", "group").order_by()
        return list(rows.annotate(Count("pk")))

    @cached_property
    def months(self) -> list[date]:
        """The closed months of the bars, oldest first; the very first month of all had no moves."""
        closed = list(
            RfmMonth.objects.order_by("-month").values_list("month", flat=True)[:MONTHS_SHOWN]
        )
        return sorted(closed)[1:]

    @property
    def month_under_way(self) -> date | None:
        return self.run.as_of.replace(day=1) if self.run.as_of else None

    @cached_property
    def moves(self) -> list[MoveRow]:
        """Every pair of groups between which anybody moved, the most frequent lately first."""
        by_month = [self._closed_moves.get(month, Counter()) for month in self.months]
        by_month.append(Counter({(was, now): n for was, now, n in self._moves_now if was != now}))
        pairs = {pair for month in by_month for pair in month if all(pair)}
        rows = [
            MoveRow(GROUPS[was], GROUPS[now], tuple(month[was, now] for month in by_month))
            for was, now in pairs
        ]
        names = list(GROUPS)
        return sorted(
            rows,
            key=lambda row: (
                -sum(row.counts[-3:]),
                names.index(row.was.name),
                names.index(row.now.name),
            ),
        )

    @cached_property
    def _closed_moves(self) -> Mapping[date, Counter[Move]]:
        moves: dict[date, Counter[Move]] = defaultdict(Counter)
        if self.sees_all:
            for closed in RfmMonth.objects.filter(month__in=self.months):
                for was, now, clients in closed.moves:
                    moves[closed.month][was, now] = clients
            return moves
        history = RfmHistory.objects.visible_to(self.actor).filter(month__in=self.months)
        rows = history.values_list("month", "was", "group").annotate(n=Count("pk")).order_by()
        for month, was, now, clients in rows:
            moves[month][was, now] = clients
        return moves

    def won_back(self, group: Group) -> float | None:
        """Of the group's clients a quarter ago, the share who have come to better groups since.

        None for groups that need no winning back and while there is no quarter to look at.
        """
        if not group.at_stake and group.hue != "wake":
            return None
        months = self.months[-3:]
        start = RfmMonth.objects.filter(month__lt=months[0]).last() if len(months) == 3 else None
        if start is None or not self.sees_all:
            return None
        size = start.groups.get(group.name, [0, 0])[0]
        better = sum(
            clients
            for month in months
            for (was, now), clients in self._closed_moves.get(month, Counter()).items()
            if was == group.name and now and GROUPS[now].hue in WON_BACK
        )
        return min(1.0, better / size) if size else None

    def largest(self, row: GroupRow) -> Largest | None:
        """Whom of a group to begin with; None when it is too small to choose from."""
        if row.clients < 5 or row.money <= 0:
            return None
        sums = (
            self._scores.filter(group=row.group.name)
            .order_by("-monetary")
            .values_list("monetary", flat=True)[:MOST_LARGEST]
        )
        held = 0
        for place, money in enumerate(sums, start=1):
            held += money
            if held >= LARGEST_SHARE * row.money or place == MOST_LARGEST:
                return Largest(place, held / row.money, money)
        return None


def months_in_words(overview: Overview) -> Sequence[date]:
    """First and last month of the bars."""
    last = overview.month_under_way
    months = [*overview.months, *([last] if last else [])]
    return [months[0], months[-1]] if months else []
