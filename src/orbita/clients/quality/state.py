"""The state of the base: what the dashboard counts, each number a list of clients.

Counting a million cards takes seconds, so those who see everybody get the numbers of the last
count, with its time; those who see a part get theirs at once, up to a bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Avg, Count, F, IntegerField, QuerySet, Subquery
from django.db.models.functions import Floor
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.models import Client, DuplicateGroup, QualityDay
from orbita.clients.quality.problems import INVALID_CONTACTS
from orbita.clients.quality.rule_facts import AGAIN
from orbita.core.models import Company
from orbita.core.registry import Registry
from orbita.core.rules import Rule

BOUND = 1000
NOT_DEAD: Rule = {"fact": "dead", "op": "empty"}


@dataclass(frozen=True)
class Line:
    """A line of the dashboard: clients that a rule finds, or rows of another kind.

    `mends` names the problems that its bulk repair takes the offers of. A line of something else than
    clients has `count(actor, bound)` and `url` instead of a rule; it is counted at once.
    """

    name: str
    label: str | Promise
    why: str | Promise
    rule: Rule | None = None
    mends: tuple[str, ...] = ()
    count: Callable[[User, int], int] | None = None
    url: str = ""
    permission: str | None = None
    order: int = 100


def living(*conditions: Rule) -> Rule:
    """The rule for clients who are worked with."""
    return {"all": [*conditions, NOT_DEAD]}


def with_problems(*names: str) -> Rule:
    return living({"fact": "problem", "op": "in", "value": list(names)})


def _duplicates(actor: User, bound: int) -> int:
    return DuplicateGroup.objects.visible_to(actor)[: bound + 1].count()


LINES: Registry[Line] = Registry("line of the state of the base")
LINES.register(
    Line(
        "duplicates",
        gettext_lazy("Groups of likely duplicates"),
        gettext_lazy("the same client on several cards: compare and merge"),
        count=_duplicates,
        url="clients:duplicates",
        permission="clients.merge",
        order=10,
    ),
    Line(
        "invalid",
        gettext_lazy("Contacts that do not work"),
        gettext_lazy("a spoilt number or address, a slip in its domain, or people said so"),
        with_problems(*(trouble.name for trouble in INVALID_CONTACTS)),
        mends=("phone", "email", "domain"),
        order=20,
    ),
    Line(
        "no_contact",
        gettext_lazy("No way to reach them"),
        gettext_lazy("no phone, e-mail or messenger that works"),
        with_problems("no_contact"),
        order=25,
    ),
    Line(
        "capitals",
        gettext_lazy("Names in capital letters"),
        gettext_lazy("so they stand in letters and documents"),
        with_problems("capitals"),
        mends=("capitals",),
        order=30,
    ),
    Line(
        "alphabets",
        gettext_lazy("Letters of two alphabets in a word"),
        gettext_lazy("a search does not find them, a merge does not see them"),
        with_problems("alphabets"),
        mends=("alphabets",),
        order=35,
    ),
    Line(
        "wrong",
        gettext_lazy("Wrong birthdays, INNs, names"),
        gettext_lazy("a date in the future, check digits that do not agree, digits in a name"),
        with_problems("birthday", "inn", "name"),
        mends=("birthday", "inn"),
        order=40,
    ),
    Line(
        "incomplete",
        gettext_lazy("Incomplete cards"),
        gettext_lazy("less is filled in than the rules of quality ask for"),
        living({"fact": "incomplete", "op": "eq", "value": True}),
        order=50,
    ),
    Line(
        "stale",
        gettext_lazy("Time to check the data"),
        gettext_lazy("nobody has confirmed the contacts for long"),
        living({"fact": "stale", "op": "eq", "value": True}),
        order=60,
    ),
    Line(
        "nobody",
        gettext_lazy("Nobody is responsible"),
        gettext_lazy("nobody will call them"),
        living({"fact": "responsible", "op": "empty"}),
        order=70,
    ),
    Line(
        "never",
        gettext_lazy("Nobody has ever talked to them"),
        gettext_lazy("no call, meeting or letter on the card"),
        living({"fact": "last_contact", "op": "empty"}),
        order=80,
    ),
    Line(
        "again",
        gettext_lazy("Put aside until today"),
        gettext_lazy("their day has come: back to work or aside again"),
        {"fact": "dead", "op": "in", "value": [AGAIN]},
        order=90,
    ),
)


def lines_for(actor: User) -> list[Line]:
    """The lines that this actor may see, in their order."""
    return [
        line
        for line in sorted(LINES, key=lambda line: line.order)
        if line.permission is None or policy.allows(actor, line.permission)
    ]


def sees_everybody(actor: User) -> bool:
    return policy.covers_all(actor, "clients.view")


# ---- counted at once, up to a bound ----


class _Bounded(Subquery):
    """How many rows a limited query has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) bounded)"
    output_field = IntegerField()


def bounded(actor: User, lines: Sequence[Line]) -> dict[str, int]:
    """Clients of each line, counted up to one more than `BOUND`; one query for all lines."""
    found = {
        line.name: _Bounded(_rows(actor, line.rule).values("pk")[: BOUND + 1])
        for line in lines
        if line.rule is not None
    }
    found[""] = _Bounded(Client.objects.visible_to(actor).values("pk")[: BOUND + 1])
    counts: Sequence[int] = User.objects.filter(pk=actor.pk).values_list(*found.values())[0]
    return dict(zip(found, counts, strict=True))


def _rows(actor: User, rule: Rule) -> "QuerySet[Client]":
    return Client.objects.visible_to(actor).matching(rule, actor=actor)


# ---- counted in the background ----


def take_stock(actor: User) -> QualityDay:
    """Counts the whole base and keeps it as the state of today. `actor` sees everybody."""
    company = Company.current()
    alive = Client.objects.alive()
    numbers = {
        line.name: _rows(actor, line.rule).count() for line in LINES if line.rule is not None
    }
    known = alive.filter(facts__completeness__isnull=False)
    tenths = known.annotate(tenth=Floor(F("facts__completeness") / 10)).order_by()
    shares = [0] * 10
    for row in tenths.values("tenth").annotate(n=Count("pk")):
        shares[min(int(row["tenth"]), 9)] += row["n"]
    average = known.aggregate(average=Avg("facts__completeness"))["average"]
    kept, _made = QualityDay.objects.update_or_create(
        day=company.business_date(),
        defaults={
            "taken_at": timezone.now(),
            "clients": alive.count(),
            "completeness": None if average is None else round(average),
            "numbers": numbers,
            "shares": shares,
        },
    )
    return kept


def history(days: int = 90) -> list[QualityDay]:
    """The last states of the base, the newest first."""
    return list(QualityDay.objects.all()[:days])
