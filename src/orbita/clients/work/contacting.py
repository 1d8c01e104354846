"""May this client be contacted now? Asked before every call, letter and campaign."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.accounts.policy import Decision
from orbita.clients.guarding import TROUBLES, Sight
from orbita.clients.models import Client, ClientFacts, ContactStop, Note, WorkRules
from orbita.clients.work.rules import ANY, CHANNELS, Rules, channel_of
from orbita.core import context
from orbita.core.registry import Registry
from orbita.ui import formats

REMEMBERED = "work rules"
YES = Decision(True)


@dataclass(frozen=True)
class Contacts:
    """Where contacts of a channel are known from: `last(ids, channel)` gives client → moment."""

    name: str
    last: Callable[[Sequence[int], str], Mapping[int, datetime]]


CONTACTS: Registry[Contacts] = Registry("source of contacts")


def last_notes(ids: Sequence[int], channel: str) -> Mapping[int, datetime]:
    """The last call, meeting or letter that somebody wrote down."""
    if channel == ANY:
        rows = ClientFacts.objects.filter(client_id__in=ids, last_contact_at__isnull=False)
        pairs = rows.values_list("client_id", "last_contact_at")
        return {pk: last for pk, last in pairs if last is not None}
    kinds = [kind for kind in Note.Kind.values if channel_of(kind) == channel]
    if not kinds:
        return {}
    notes = Note.objects.filter(client_id__in=ids, kind__in=kinds, deleted_at=None).order_by()
    return dict(notes.values_list("client_id").annotate(Max("happened_at")))


NOTES = Contacts("notes", last_notes)


def rules_row() -> WorkRules:
    """The rules in force as they are stored, read once per request or job."""
    return context.remembered(REMEMBERED, WorkRules.current)


def work_rules() -> Rules:
    return rules_row().rules


def may_contact(client: Client, channel: str, moment: datetime | None = None) -> Decision:
    """Whether the rules of work let one contact the client at the moment (default: now).

    `channel` is phone, email, messenger, or the name of a messenger; any other counts only for the
    rule of all channels together. A refusal has its reason in words. Consents are asked apart.
    """
    return may_contact_all([client.pk], channel, moment)[client.pk]


def may_contact_all(
    client_ids: Iterable[int], channel: str, moment: datetime | None = None
) -> dict[int, Decision]:
    """The same for many clients with a few reads: client → decision."""
    ids = list(client_ids)
    decisions = dict.fromkeys(ids, YES) | too_soon(ids, channel, moment)
    stops = ContactStop.objects.filter(client_id__in=ids)
    return decisions | {stop.client_id: Decision(False, stopped(stop)) for stop in stops}


def too_soon(
    ids: Sequence[int], channel: str, moment: datetime | None = None
) -> dict[int, Decision]:
    """The refusals by cadence alone."""
    moment, rules, named = moment or timezone.now(), work_rules(), channel_of(channel)
    refused: dict[int, Decision] = {}
    for wanted in dict.fromkeys((ANY, named)):
        if days := rules.cadence.get(wanted):
            for pk, last in _last(ids, wanted).items():
                if last <= moment < last + timedelta(days=days):
                    refused[pk] = Decision(False, _too_soon(wanted, last, moment, days))
    return refused


def _last(ids: Sequence[int], channel: str) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    for source in CONTACTS:
        for pk, last in source.last(ids, channel).items():
            found[pk] = max(last, found.get(pk, last))
    return found


def _too_soon(channel: str, last: datetime, moment: datetime, days: int) -> str:
    often = ngettext(
        "contacts %(how)s are allowed no more often than once in %(n)s day",
        "contacts %(how)s are allowed no more often than once in %(n)s days",
        days,
    ) % {"how": CHANNELS[channel], "n": days}
    return _("Too soon: the last contact was %(ago)s, and %(often)s. Wait until %(day)s.") % {
        "ago": formats.ago(last, moment),
        "often": often,
        "day": formats.day(timezone.localtime(last + timedelta(days=days)).date()),
    }


def stopped(stop: ContactStop, seen: Sight | None = None) -> str:
    """Since when the client is not to be contacted, and for those who may know it what was said."""
    since = formats.day(timezone.localtime(stop.at).date())
    words = _("This client is not to be contacted, since %(day)s.") % {"day": since}
    tells = stop.reason and seen is not None and not seen.hides(TROUBLES)
    return f"{words} {stop.reason}" if tells else words
