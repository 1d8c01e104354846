"""Who recommended whom, as a file tells it: settled once all its rows are in.

The one who recommended may stand in a later row, so a chunk only keeps what was said, among the
changes of the import. The last step takes that from there, some at a time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from orbita.accounts.models import User
from orbita.clients import naming
from orbita.clients.actions.loading import OVERWRITE, update_clients
from orbita.clients.actions.recommending import load_recommendations
from orbita.clients.models import Client, ContactPoint, ExternalId
from orbita.clients.records import ClientData
from orbita.core.models import Company
from orbita.core.phones import parse_phone
from orbita.core.sentences import Sentence as _
from orbita.core.sentences import keep
from orbita.core.text import normalise
from orbita.gateways.imports.journal import Journal, Subject, count
from orbita.gateways.models import Import

CHUNK = 500
LONGEST_ID = 15


class Said(msgspec.Struct):
    """What the row of a client says: the heading, and the cell."""

    label: str
    text: str


def settle_some(batch: Import, actor: User) -> bool:
    """Settles the next of what was said, inside the caller's transaction; False when all is."""
    rows = list(batch.changes.filter(subject=Subject.SAID).order_by("pk")[:CHUNK])
    if not rows:
        return False
    said = {row.subject_id: msgspec.json.decode(row.before, type=Said) for row in rows}
    found = _found(batch, actor, {one.text for one in said.values()})
    pairs = [(pk, found[one.text]) for pk, one in said.items() if one.text in found]
    results = dict(zip(pairs, load_recommendations(pairs, actor=actor), strict=True))
    numbers = {row.subject_id: row.number for row in rows}
    journal = Journal(batch)
    open_ones = dict(said)
    for (pk, _other), result in results.items():
        if result.relation_id:
            journal.created(Subject.RELATION, result.relation_id, numbers[pk])
        if result.relation_id or result.is_known:
            del open_ones[pk]
    _keep(open_ones, numbers, actor, journal, batch)
    journal.write()
    count(batch, {"noted": journal.notes})
    batch.changes.filter(pk__in=[row.pk for row in rows]).delete()
    return True


def _keep(
    said: Mapping[int, Said],
    numbers: Mapping[int, int],
    actor: User,
    journal: Journal,
    batch: Import,
) -> None:
    """Puts what could not be settled into the comments, as other cells that were not understood."""
    comments = dict(Client.objects.filter(pk__in=said).values_list("pk", "comment"))
    lines = {pk: f"{one.label}: {one.text}" for pk, one in said.items() if pk in comments}
    new = {pk: line for pk, line in lines.items() if line not in comments[pk].split("\n")}
    changed = update_clients(
        [
            (pk, ClientData(name="", name_key="", comment=f"{comments[pk]}\n{line}".lstrip("\n")))
            for pk, line in new.items()
        ],
        actor=actor,
        on_match=OVERWRITE,
        marks={"import": batch.pk},
    )
    for pk, one in zip(new, changed, strict=True):
        if one:
            told = {"before": one.before, "after": one.after}
            journal.changed(Subject.CLIENT, pk, numbers[pk], one.version, told)
            words = _("It is not clear who recommended this client: %(said)s") % {
                "said": said[pk].text
            }
            journal.noted(numbers[pk], keep(words), pk)


# ---- whom a cell means ----


def _found(batch: Import, actor: User, texts: Collection[str]) -> dict[str, int]:
    """The clients whom the cells name, where each names one only: by their number in the file's source,
    by phone, by our own number, by whole name.
    """
    found: dict[str, int] = {}
    for look in (_by_number, _by_phone, _by_id, _by_name):
        left = [text for text in texts if text not in found]
        found |= look(batch, left)
    alive = Client.objects.visible_to(actor).filter(pk__in=set(found.values()), deleted_at=None)
    seen = set(alive.values_list("pk", flat=True))
    return {text: pk for text, pk in found.items() if pk in seen}


def _by_number(batch: Import, texts: Sequence[str]) -> dict[str, int]:
    rows = ExternalId.objects.filter(source=batch.source, value__in=texts)
    return dict(rows.values_list("value", "client_id"))


def _by_phone(batch: Import, texts: Sequence[str]) -> dict[str, int]:
    region = Company.current().phone_region
    phones = {text: phone.e164 for text in texts if (phone := parse_phone(text, region))}
    rows = ContactPoint.objects.filter(kind="phone", key__in=set(phones.values()))
    rows = rows.filter(client__deleted_at=None)
    return _only(phones, rows.values_list("key", "client_id"))


def _by_id(batch: Import, texts: Sequence[str]) -> dict[str, int]:
    bare = {text: text.lstrip("№#N ").strip() for text in texts}
    return {
        text: int(number)
        for text, number in bare.items()
        if number.isascii() and number.isdigit() and len(number) <= LONGEST_ID
    }


def _by_name(batch: Import, texts: Sequence[str]) -> dict[str, int]:
    keys = {text: naming.read_person(text).key for text in texts}
    wanted = {*keys.values(), *map(normalise, texts)}
    rows = list(Client.objects.alive().filter(name_key__in=wanted).values_list("name_key", "pk"))
    return _only({text: normalise(text) for text in texts}, rows) | _only(keys, rows)


def _only(keys: Mapping[str, str], rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Text → client, for the keys that exactly one client has."""
    owners: dict[str, set[int]] = defaultdict(set)
    for key, pk in rows:
        owners[key].add(pk)
    return {text: min(owners[key]) for text, key in keys.items() if len(owners.get(key, ())) == 1}
