"""Quality on the card: what is wrong and what is old as a hint, how whole the card is on the rail."""

from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.accounts import policy
from orbita.clients.card import EDITABLE
from orbita.clients.contacts import Reach, identity
from orbita.clients.extension import MAIN, CardButton, CardPanel
from orbita.clients.guarding import TROUBLES, Sight, reach_of, sight
from orbita.clients.models import Client, ContactPoint, DeadMark, QualitySettings
from orbita.clients.quality.completeness import Weights, filled_in
from orbita.clients.quality.problems import NO_CONTACT, Problem
from orbita.clients.quality.reading import points_of, problems_of
from orbita.clients.quality.record import contacts_of, due_on
from orbita.core.models import Company
from orbita.ui import charts, formats

MOST_MISSING = 6


@dataclass(frozen=True, slots=True)
class ToCheck:
    """A contact to be checked while its owner is on the line."""

    point: ContactPoint
    reach: Reach
    since: str


def hint(request: HttpRequest, client: Client) -> SafeString | str:
    """What to put right and what to check at the next talk; nothing when all is well."""
    dead: DeadMark | None = getattr(client, "dead", None)
    facts, seen = client.facts, sight(request.user)
    problems: list[Problem] = []
    if facts.problems is None or facts.problems & ~NO_CONTACT.bit:
        found = problems_of(client, points_of(client))
        problems = [one for one in found if seen.shows(one.trouble.field)]
    odd = {problem.contact for problem in problems}
    to_check = [] if dead and not dead.brought_up_at else _to_check(client, seen)
    to_check = [one for one in to_check if identity(one.point) not in odd]
    if not (dead or problems or to_check):
        return ""
    context = {
        "client": client,
        "dead": dead,
        "why_dead": "" if not dead or seen.hides(TROUBLES) else dead.reason,
        "again": formats.day(dead.look_again_on, date(1, 1, 1)) if dead else "",
        "problems": problems,
        "to_check": to_check,
        "may_edit": policy.allows(request.user, "clients.edit", client),
    }
    return render_to_string("clients/quality/_hint.html", context, request)


def _to_check(client: Client, seen: Sight) -> list[ToCheck]:
    company, settings = Company.current(), QualitySettings.current()
    today = company.business_date()
    if client.facts.check_on is None or client.facts.check_on > today:
        return []
    found = []
    for point in contacts_of(points_of(client)).usable:
        due = due_on(point, client.created_at, company, settings)
        if due and due <= today:
            known = point.confirmed_at
            since = (
                _("confirmed %(when)s") % {"when": formats.ago(known)}
                if known
                else _("never confirmed")
            )
            if shown := reach_of(point, seen):
                found.append(ToCheck(point, shown, since))
    return found


def completeness(request: HttpRequest, client: Client) -> SafeString | str:
    """How whole the card is, and what is missing most."""
    share = client.facts.completeness
    if share is None:
        return ""
    contacts = contacts_of(points_of(client))
    mask = filled_in(
        client,
        {point.kind for point in contacts.usable if point.key},
        has_address=bool(client.addresses.all()),
        has_source=client.source_id is not None,
    )
    weights = Weights(QualitySettings.current())
    closed = sight(request.user).fixed
    missing = [
        (_inside(str(item.label)), gain, _url(client, item.name, item.field))
        for item, gain in weights.missing(client.kind, mask | weights.own_filled(client.own))
        if item.name not in closed and item.field not in closed
    ]
    context = {
        "meter": charts.meter(
            share / 100, _("%(share)s filled in") % {"share": formats.percent(share / 100)}
        ),
        "share": formats.percent(share / 100),
        "missing": missing[:MOST_MISSING],
        "more": len(missing) - MOST_MISSING,
        "may_edit": policy.allows(request.user, "clients.edit", client),
    }
    return render_to_string("clients/quality/_completeness.html", context, request)


def _inside(label: str) -> str:
    """The label inside a sentence; «ИНН» and the like keep their capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _url(client: Client, name: str, field: str) -> str:
    if name in ("phone", "email", "messenger", "link"):
        return reverse("clients:contact-new", args=[client.pk])
    if field in EDITABLE:
        return reverse("clients:field", args=[client.pk, field])
    return reverse("clients:edit", args=[client.pk]) + ("#addresses" if name == "address" else "")


PANELS = (
    CardPanel("quality", hint, MAIN, order=5),
    CardPanel("completeness", completeness, order=10),
)
DEAD = CardButton(
    "dead",
    gettext_lazy("Dead for now or for good"),
    lambda client: reverse("clients:dead", args=[client.pk]),
    "clock",
    "clients.edit",
    order=80,
)
