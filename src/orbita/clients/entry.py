"""Who a new client may be already, and what to do about it, by the way he comes in.

The base is searched whole; of a card that the user may not open he learns that it exists and who is
responsible, and nothing else.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise

from orbita.accounts.models import User
from orbita.clients import naming
from orbita.clients.card_fields import READERS
from orbita.clients.contacts import Contact, keys_of, read_contact
from orbita.clients.duplicates import Place, Record, evidence_words, likely
from orbita.clients.duplicates.documents import compared, typed_numbers
from orbita.clients.duplicates.exact import readable_inn, same_as
from orbita.clients.models import Client, EntryRule
from orbita.core.models import Company
from orbita.core.registry import Registry

MOST = 5
# Below it, a resemblance is not worth interrupting somebody who types.
SHOWN_FROM = 0.5
Answer = EntryRule.Answer


@dataclass(frozen=True)
class Entrance:
    """A way for new clients to come in, with what is done until an administrator says otherwise.

    `asks` says that a person is there to be asked.
    """

    name: str
    label: str | Promise
    exact: str
    likely: str
    asks: bool = False

    @property
    def answers(self) -> list[str]:
        """What an administrator may choose."""
        return [answer for answer in Answer.values if self.asks or answer != Answer.WARN]


ENTRANCES: Registry[Entrance] = Registry("entrance")


@dataclass(frozen=True, slots=True)
class Match:
    """A client who may be the one that is being added. Without a number, one the user may not open."""

    pk: int
    name: str
    url: str
    responsible: str
    is_exact: bool
    score: float = 1.0
    evidence: Sequence[str] = field(default_factory=tuple)


def rule_of(entrance: str) -> EntryRule:
    """The administrator's rule, else the one of the entrance itself."""
    found = EntryRule.objects.filter(pk=entrance).first()
    default = ENTRANCES[entrance]
    return found or EntryRule(entrance=entrance, exact=default.exact, likely=default.likely)


def answer_to(entrance: str, matches: Sequence[Match]) -> str:
    """What the rule says of these matches; empty when there are none."""
    if not matches:
        return ""
    rule = rule_of(entrance)
    return rule.exact if any(match.is_exact for match in matches) else rule.likely


def matches_of(
    actor: User,
    *,
    values: Mapping[str, Any],
    contacts: Sequence[Contact] = (),
    places: Collection[Mapping[str, Any]] = (),
) -> list[Match]:
    """The clients of the base that answer to what was given, those with the same keys first.

    Values may be half typed: what cannot be read is left out.
    """
    record = record_from(values, contacts, places)
    exact = same_as(keys_of(contacts), record.inn, record.numbers)
    scored = {pair.b: pair for pair in likely(record, MOST) if pair.score >= SHOWN_FROM}
    ids = list(dict.fromkeys([*exact, *scored]))[:MOST]
    if not ids:
        return []
    rows = Client.objects.alive().select_related("responsible").in_bulk(ids)
    visible = set(Client.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", flat=True))
    found = []
    for pk in ids:
        if pk not in rows:
            continue
        pair = scored.get(pk)
        words = [evidence_words(code) for code in pair.evidence] if pair else []
        score = pair.score if pair else 1.0
        found.append(_match(rows[pk], pk in visible, pk in exact, score, words))
    return found


def _match(
    client: Client, is_visible: bool, is_exact: bool, score: float, words: Sequence[str]
) -> Match:
    leader = client.responsible.display_name if client.responsible else ""
    if not is_visible:
        return Match(0, "", "", leader, is_exact)
    url = reverse("clients:card", args=[client.pk])
    return Match(client.pk, client.name, url, leader, is_exact, score, words)


def record_from(
    values: Mapping[str, Any],
    contacts: Collection[Contact] = (),
    places: Collection[Mapping[str, Any]] = (),
) -> Record:
    """What was given as the matcher's record: a whole name is taken apart, wrong values left out."""
    kind = str(values.get("kind") or Client.Kind.PERSON)
    names = {part: _text(values, part) for part in ("last_name", "first_name", "middle_name")}
    whole = _text(values, "name")
    company = _text(values, "legal_name")
    sex = _text(values, "sex")
    if kind == Client.Kind.COMPANY:
        company = whole or company
    elif whole and not any(names.values()):
        read = naming.read_person(whole)
        names = {part: getattr(read, part) for part in names}
        sex = sex or read.sex
    return Record(
        kind=kind,
        last_name=names["last_name"],
        first_name=names["first_name"],
        middle_name=names["middle_name"],
        company=company,
        inn=readable_inn(_text(values, "inn")),
        sex=sex,
        birthday=_birthday(values),
        phones=tuple(c.key or c.value for c in contacts if c.kind == "phone"),
        emails=tuple(c.key or c.value for c in contacts if c.kind == "email"),
        numbers=(
            *typed_numbers(values),
            *(c.key for c in contacts if c.kind == "messenger" and c.key),
        ),
        places=tuple(
            Place(str(place.get("city") or ""), str(place.get("text") or "")) for place in places
        ),
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    return str(values.get(name) or "").replace("\0", "").strip()[:300]


def _birthday(values: Mapping[str, Any]) -> Any:
    with suppress(ValueError):
        return READERS["birthday"]("birthday", values.get("birthday"))
    return None


# ---- what has been typed into a form so far ----


def typed(data: Mapping[str, str]) -> tuple[dict[str, Any], list[Contact], list[dict[str, Any]]]:
    """Values, contacts and addresses of the quick form or of the whole one, half filled in."""
    names = (*READERS, *(field.name for field in compared()))
    values = {name: data.get(name, "") for name in names}
    given = [("phone", "", data.get("phone", "")), ("email", "", data.get("email", ""))]
    places = [{"city": data.get("city", "")}]
    for index in range(MOST * 4):
        kind, _colon, service = data.get(f"contacts-{index}-type", "").partition(":")
        given.append((kind, service, data.get(f"contacts-{index}-value", "")))
        city, text = (
            data.get(f"addresses-{index}-city", ""),
            data.get(f"addresses-{index}-text", ""),
        )
        if city or text:
            places.append({"city": city, "text": text})
    return values, contacts_of(given), places


def contacts_of(given: Collection[tuple[str, str, str]]) -> list[Contact]:
    """The contacts that can be read already, given as kind, service and text."""
    region = Company.current().phone_region
    reader: Callable[..., Contact] = read_contact
    found = []
    for kind, service, value in given:
        if kind and value.strip():
            with suppress(ValueError):
                found.append(reader(kind, value[:300], service=service, region=region))
    return found
