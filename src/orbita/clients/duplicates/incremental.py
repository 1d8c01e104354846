"""One card against the base: what its indexes find, compared as pairs of the whole base are."""

from collections.abc import Iterator
from datetime import date

import numpy as np
from django.db.models import Max, Q, QuerySet

from orbita.clients.duplicates.documents import same_numbers
from orbita.clients.duplicates.features import Context, compare, evidence_of
from orbita.clients.duplicates.letters import in_russian_layout, skeleton
from orbita.clients.duplicates.normal import company_key, email_parts, phone_number
from orbita.clients.duplicates.record import Pair, Record
from orbita.clients.duplicates.scorer import judged, model, sobered
from orbita.clients.duplicates.short_names import forms_of, nearest, written_as
from orbita.clients.duplicates.source import load_records
from orbita.clients.duplicates.table import Table
from orbita.clients.duplicates.together import Ways, seen_together
from orbita.clients.models import Client, ContactPoint
from orbita.core.text import normalise

LOWEST = 0.01
# Candidates of each kind of key: together they are compared in a few milliseconds.
MOST_CONTACTS, MOST_NAMES, MOST_DAYS = 40, 40, 60
MOST_FORMS = 10


def pairs_with(candidate: Record, limit: int) -> list[Pair]:
    """The cards of the base that this one may repeat, the likeliest first.

    Asks indexed questions only: contacts with their usual slips, tax number, numbers of documents,
    name in its forms and spellings, birthday. `a` or `b` of a pair is the candidate's own id, 0 for a new card.
    """
    found = _candidates(candidate)
    if not found:
        return []
    known = list(load_records(found))
    table = Table([candidate, *known])
    a = np.zeros(len(known), dtype=np.int64)
    b = np.arange(1, table.size, dtype=np.int64)
    fitting = table.may_be_one(a, b)
    a, b = a[fitting], b[fitting]
    if not len(a):
        return []
    seen = compare(Context(table, _size()), a, b)
    own = model().pairs.log_odds(seen)
    nobody = Ways(b[:0], own[:0], own[:0], own[:0])
    together = seen_together(b, own, nobody)
    scores = sobered(judged(together), together, seen)
    best = [row for row in np.argsort(-scores, kind="stable")[:limit] if scores[row] >= LOWEST]
    evidence = evidence_of(seen[best])
    pairs = []
    for row, codes in zip(best, evidence, strict=True):
        other = int(table.ids[b[row]])
        low, high = min(candidate.id, other), max(candidate.id, other)
        pairs.append(Pair(low, high, float(scores[row]), codes))
    return pairs


def _size() -> int:
    """About how many cards the base has: the last number given."""
    return Client.objects.aggregate(last=Max("pk"))["last"] or 0


def _candidates(candidate: Record) -> set[int]:
    found: set[int] = set()
    keys = [*_phones(candidate), *_emails(candidate)]
    if keys:
        points = ContactPoint.objects.filter(key__in=keys)
        found.update(points.values_list("client_id", flat=True)[:MOST_CONTACTS])
    for mailbox in _mailboxes(candidate):
        points = ContactPoint.objects.filter(kind="email", key__prefix=f"{mailbox}@")
        found.update(points.values_list("client_id", flat=True)[:MOST_CONTACTS])
    clients = Client.objects.alive()
    if candidate.inn:
        found.update(_ids(clients.filter(inn=candidate.inn), MOST_CONTACTS))
    for condition in same_numbers(candidate.numbers):
        found.update(_ids(clients.filter(**condition), MOST_CONTACTS))
    names = Q()
    for start in dict.fromkeys(_name_starts(candidate)):
        names |= Q(name_key__prefix=start)
    if names:
        found.update(_ids(clients.filter(names), MOST_NAMES))
    if candidate.birthday:
        days = _days(candidate.birthday)
        numbers = [day.month * 100 + day.day for day in days]
        born = clients.filter(birthday_md__in=numbers, birthday__in=days)
        found.update(_ids(born, MOST_DAYS))
    found.discard(candidate.id)
    return found


def _ids(clients: QuerySet[Client], most: int) -> list[int]:
    return list(clients.values_list("pk", flat=True)[:most])


def _phones(candidate: Record) -> Iterator[str]:
    """The numbers, and for Russian ones those with one other digit or two exchanged."""
    for phone in candidate.phones:
        yield phone
        number = phone_number(phone)
        if not 10**9 <= number < 10**10:
            continue
        digits = str(number)
        yield f"+7{digits}"
        for place, digit in enumerate(digits):
            for other in "0123456789":
                if other != digit:
                    yield f"+7{digits[:place]}{other}{digits[place + 1 :]}"
            if place and digits[place - 1] != digit:
                yield f"+7{digits[: place - 1]}{digit}{digits[place - 1]}{digits[place + 1 :]}"


def _emails(candidate: Record) -> Iterator[str]:
    for email in candidate.emails:
        yield normalise(email)


def _mailboxes(candidate: Record) -> Iterator[str]:
    for email in candidate.emails:
        mailbox, _domain = email_parts(email)
        if len(mailbox) >= 5:
            yield mailbox
        typed = normalise(email).partition("@")[0].partition("+")[0]
        if typed != mailbox and len(typed) >= 5:
            yield typed


def _name_starts(candidate: Record) -> Iterator[str]:
    """How the name may begin in the base: its forms, other letters, the other order."""
    if candidate.kind == "company" or (candidate.company and not candidate.last_name):
        yield from _company_starts(candidate.company)
        return
    words = [
        in_russian_layout(part) or part.strip(" .,")
        for part in f"{candidate.last_name} {candidate.first_name}".split()
    ]
    if len(words) < 2:
        # A last name alone is of many people; with nothing else it says nothing.
        if words and len(words[0]) > 3:
            yield f"{normalise(words[0])} "
        return
    one, two = words[:2]
    for last in _spellings(one):
        first = written_as(nearest(skeleton(two))) or two
        for form in forms_of(normalise(first))[:MOST_FORMS]:
            yield f"{last} {form}"
        yield f"{last} {normalise(two)}"
        if len(two) > 1:
            yield f"{last} {normalise(first)[:1]}."
    yield f"{normalise(two)} {normalise(one)}"


def _company_starts(name: str) -> Iterator[str]:
    from orbita.clients.names import parse_company
    from orbita.clients.naming import company_name

    bare = parse_company(name).name
    if company_key(bare):
        yield company_name(bare).key


# From Latin by the usual schemes; what each leaves open is tried in its likelier way only.
_LATIN = (
    ("shch", "щ"), ("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш"),
    ("yu", "ю"), ("iu", "ю"), ("ju", "ю"), ("ya", "я"), ("ia", "я"), ("ja", "я"), ("yo", "е"),
    ("ye", "е"), ("iy", "ий"), ("yy", "ый"), ("a", "а"), ("b", "б"), ("c", "ц"), ("d", "д"),
    ("e", "е"), ("f", "ф"), ("g", "г"), ("h", "х"), ("i", "и"), ("j", "й"), ("k", "к"), ("l", "л"),
    ("m", "м"), ("n", "н"), ("o", "о"), ("p", "п"), ("q", "к"), ("r", "р"), ("s", "с"), ("t", "т"),
    ("u", "у"), ("v", "в"), ("w", "в"), ("x", "кс"), ("y", "ы"), ("z", "з"),
)  # fmt: skip


def _spellings(last: str) -> Iterator[str]:
    """A last name as typed, and in Russian letters when it is in Latin ones."""
    own = normalise(last)
    yield own
    if own.isascii():
        russian = own
        for latin, letter in _LATIN:
            russian = russian.replace(latin, letter)
        yield russian
        if russian.endswith("скы"):
            yield russian[:-1] + "ий"


def _days(day: date) -> list[date]:
    days = [day]
    if day.day <= 12 and day.day != day.month:
        days.append(day.replace(month=day.day, day=day.month))
    return days
