"""What is odd in a form that somebody has just filled in, with a button that takes the fix.

A form is stopped once: whoever sends it again with “as it is” is right.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict
from django.utils.dateparse import parse_date

from orbita.clients.contacts import read_contact
from orbita.clients.names import parse_company
from orbita.clients.naming import read_person
from orbita.clients.quality.problems import (
    PERSON_PARTS,
    Problem,
    mixed,
    of_birthday,
    of_contact,
    of_inn,
    shouted,
)
from orbita.core.models import Company

_ROW = re.compile(r"contacts-(\d{1,3})-value")


@dataclass(frozen=True, slots=True)
class TypedHint:
    """An odd value: the inputs that the fix changes, with what they would hold."""

    problem: Problem
    fixes: dict[str, str]

    @property
    def key(self) -> str:
        """Names the hint in the button that takes it."""
        return ",".join(sorted(self.fixes))


def pending(typed: QueryDict | None, *, changed: Collection[str] | None = None) -> list[TypedHint]:
    """What to ask before the form is saved; nothing once its user insists.

    `changed` names the inputs that differ from the card: what stood there before is left in peace.
    """
    if typed is None or "as_is" in typed or "more" in typed:
        return []
    return [hint for hint in _hints(typed) if changed is None or set(hint.fixes) & set(changed)]


def with_taken(request: HttpRequest) -> QueryDict | None:
    """What was sent, with the fix that its user has taken put into its inputs."""
    if request.method != "POST":
        return None
    data, taken = request.POST, request.POST.get("take", "")
    if not taken:
        return data
    changed = data.copy()
    for hint in _hints(data):
        if taken in ("all", hint.key):
            for name, text in hint.fixes.items():
                changed[name] = text
    return changed


def _text(data: QueryDict, name: str) -> str:
    return str(data.get(name, "")).replace("\0", "").strip()


def _hints(data: QueryDict) -> Iterator[TypedHint]:
    """What is odd and can be put right, in the order of the inputs."""
    yield from _names(data)
    yield from _contacts(data)
    yield from _data(data)


def _names(data: QueryDict) -> Iterator[TypedHint]:
    wanted = PERSON_PARTS if "name" not in data else ("name",)
    parts = {name: _text(data, name) for name in wanted if name in data}
    shown = " ".join(filter(None, parts.values()))
    if not shown:
        return
    for problem in (mixed(shown, parts), _shouted(data, shown, parts)):
        if problem:
            yield TypedHint(problem, {name: str(text) for name, text in problem.values.items()})


def _shouted(data: QueryDict, shown: str, parts: dict[str, str]) -> Problem | None:
    """Capitals of a name in one line are put right when it is taken apart, so nobody is asked."""
    if data.get("kind") == "company" or parse_company(shown).form:
        return None
    if "name" in parts:
        read = read_person(shown)
        if shouted(shown, {name: getattr(read, name) for name in PERSON_PARTS}) is None:
            return None
    return shouted(shown, parts)


def _contacts(data: QueryDict) -> Iterator[TypedHint]:
    typed = [(name, name) for name in ("phone", "email")]
    typed.append(("value", _text(data, "type")))
    for name in data:
        if match := _ROW.fullmatch(name):
            typed.append((name, _text(data, f"contacts-{match[1]}-type")))
    region = Company.current().phone_region
    for name, service in typed:
        kind, text = service.partition(":")[0], _text(data, name)
        if kind not in ("phone", "email") or not text:
            continue
        key = read_contact(kind, text, region=region, strict=False).key
        problem = of_contact(kind, text, key, region)
        if problem and problem.fix:
            yield TypedHint(problem, {name: problem.fix})


def _data(data: QueryDict) -> Iterator[TypedHint]:
    problem = of_inn(_text(data, "inn"))
    if problem and problem.fix:
        yield TypedHint(problem, {"inn": problem.fix})
    try:
        day = parse_date(_text(data, "birthday"))
    except ValueError:
        return
    problem = of_birthday(day, Company.current().business_date())
    if problem and problem.values:
        meant = problem.values["birthday"]
        yield TypedHint(problem, {"birthday": meant.isoformat() if meant else ""})
