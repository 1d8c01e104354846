"""The fields of a card that people may set: how each is read, checked and kept in an event."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts.models import User
from orbita.clients import checks, naming
from orbita.clients.days import read_day
from orbita.clients.fields import values as own
from orbita.clients.fields.known import own_field
from orbita.clients.models import AcquisitionSource, Client
from orbita.clients.names import parse_company
from orbita.core import zones
from orbita.core.text import clean_line, clean_text, normalise

Values = Mapping[str, Any]
NAME_FIELDS = ("last_name", "first_name", "middle_name", "name", "legal_form")
OLDEST_BIRTHDAY = date(1870, 1, 1)


def model_field(name: str) -> Field[Any, Any]:
    field = Client._meta.get_field(name)
    assert isinstance(field, Field)  # noqa: S101
    return field


def _line(name: str, value: Any) -> str:
    text = clean_line("" if value is None else str(value))
    longest = model_field(name).max_length
    if longest and len(text) > longest:
        raise ValueError(_("At most %(n)s characters.") % {"n": longest})
    return text


def _text(name: str, value: Any) -> str:
    text = clean_text("" if value is None else str(value))
    if len(text) > 20_000:
        raise ValueError(_("At most %(n)s characters.") % {"n": 20_000})
    return text


def _checked(check: Callable[[Any], str]) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        return check(value) if value not in (None, "") and str(value).strip() else ""

    return read


def _choice(name: str, value: Any) -> str:
    text = "" if value is None else str(value)
    choices = dict(model_field(name).flatchoices)
    if text not in choices and text:
        raise ValueError(_("There is no such choice."))
    return text


def _day(name: str, value: Any) -> date | None:
    if value in (None, ""):
        return None
    day = value if isinstance(value, date) else read_day(str(value).strip())
    if day > timezone.localdate():
        raise ValueError(_("The date is in the future."))
    if day < OLDEST_BIRTHDAY:
        raise ValueError(_("The date is too long ago."))
    return day


def _zone(name: str, value: Any) -> str:
    text = str(value or "").strip()
    if text and text not in zones.known():
        raise ValueError(_("There is no such time zone."))
    return text


def _source(name: str, value: Any) -> AcquisitionSource | None:
    if value is None or isinstance(value, AcquisitionSource):
        return value
    text = clean_line(str(value))
    if len(text) > 100:
        raise ValueError(_("At most %(n)s characters.") % {"n": 100})
    return source_named(text) if text else None


def source_named(name: str) -> AcquisitionSource:
    """The source of this name in any spelling, not stored yet when it is new."""
    known = AcquisitionSource.objects.filter(name_key=normalise(name)[:100]).first()
    return known or AcquisitionSource(name=name, name_key=normalise(name)[:100])


def _user(name: str, value: Any) -> User | None:
    if value is None or isinstance(value, User):
        return value
    if value == "":
        return None
    identifier = str(value.get("id") if isinstance(value, Mapping) else value)
    known = identifier.isascii() and identifier.isdigit() and len(identifier) < 18
    user = User.objects.people().filter(pk=int(identifier)).first() if known else None
    if user is None:
        raise ValueError(_("There is no such user."))
    return user


READERS: dict[str, Callable[[str, Any], Any]] = {
    "kind": _choice,
    "name": _line,
    "last_name": _line,
    "first_name": _line,
    "middle_name": _line,
    "legal_form": _line,
    "legal_name": _line,
    "inn": _checked(checks.check_inn),
    "kpp": _checked(checks.check_kpp),
    "ogrn": _checked(checks.check_ogrn),
    "birthday": _day,
    "sex": _choice,
    "occupation": _line,
    "position": _line,
    "income_level": _line,
    "family": _line,
    "education": _line,
    "hobbies": _line,
    "interests": _line,
    "source": _source,
    "responsible": _user,
    "preferred_channel": _choice,
    "payment_terms": _line,
    "delivery_terms": _line,
    "special_terms": _line,
    "difficulties": _line,
    "working_hours": _line,
    "time_zone": _zone,
    "comment": _text,
}


def read(values: Values, actor: User | None = None, kind: str = "") -> dict[str, Any]:
    """The values checked and put right. Raises `ValidationError` with one sentence per field.

    A field that is not in the table is refused: nobody sets `deleted_at` through a form. Own fields
    stand among them as `own_<key>`; they are refused to actors whose role does not reach them, and
    to clients of another `kind`.
    """
    clean: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    proper, own_values = own.split(values)
    try:
        clean |= own.read("client", own_values, actor, str(values.get("kind") or kind))
    except ValidationError as error:
        errors |= error.message_dict
    for name, value in proper.items():
        try:
            if name not in READERS:
                raise ValueError(_("There is no such field."))
            clean[name] = READERS[name](name, value)
        except ValueError as error:
            errors[name if name in READERS else "__all__"] = [str(error)]
    if errors:
        raise ValidationError(errors)
    return clean


def assign(client: Client, clean: Values) -> None:
    """Sets the fields and what follows from them: the shown name, the keys, the birthday's day."""
    if "kind" in clean:
        if not clean["kind"]:
            raise ValidationError({"kind": [_("Person or company?")]})
        client.kind = clean["kind"]
    proper, own_values = own.split(clean)
    for name, value in proper.items():
        if name not in ("kind", *NAME_FIELDS):
            setattr(client, name, value)
    own.assign(client, "client", own_values)
    if any(name in clean for name in (*NAME_FIELDS, "kind")):
        _assign_name(client, clean)
    client.birthday_md = (
        client.birthday.month * 100 + client.birthday.day if client.birthday else None
    )


def _assign_name(client: Client, clean: Values) -> None:
    if client.is_company:
        _assign_company(client, clean)
    else:
        _assign_person(client, clean)
    if not client.name:
        raise ValidationError({"name": [_("A client needs a name.")]})


def _assign_company(client: Client, clean: Values) -> None:
    form = clean.get("legal_form")
    name = clean.get("name")
    if name is None and form is None:
        client.name, client.name_key = client.name, naming.company_name(client.name).key
        return
    parsed = parse_company(name if name is not None else client.name)
    client.legal_form = (form if form is not None else parsed.form)[:30]
    shown = naming.company_name(parsed.name or clean_line(name or ""), client.legal_form)
    client.name, client.name_key = shown


def _assign_person(client: Client, clean: Values) -> None:
    parts = ("last_name", "first_name", "middle_name")
    if any(clean.get(part) for part in parts) or not clean.get("name"):
        for part in parts:
            setattr(
                client,
                part,
                clean.get(part) or (getattr(client, part) if part not in clean else ""),
            )
        client.name, client.name_key = naming.person_name(
            client.last_name, client.first_name, client.middle_name
        )
    elif "name" in clean:
        found = naming.read_person(clean["name"])
        client.last_name, client.first_name = found.last_name, found.first_name
        client.middle_name = found.middle_name
        client.name, client.name_key = found.name, found.key
        client.sex = client.sex or found.sex
        if found.rest:
            client.comment = "\n".join(part for part in (client.comment, found.rest) if part)
    client.legal_form = ""


def plain(client: Client) -> dict[str, Any]:
    """Every field as an event keeps it: ISO dates, names of sources, users by id and name.

    The shown name of a person follows from its parts and is left out.
    """
    return {name: plain_value(client, name) for name in READERS} | own.plain(client, "client")


def plain_value(client: Client, name: str) -> Any:
    """One field as an event keeps it."""
    if field := own_field("client", name):
        return own.plain_value(client, field)
    if name == "name":
        return client.name if client.is_company else None
    if name == "birthday":
        return client.birthday.isoformat() if client.birthday else None
    if name == "source":
        return client.source.name if client.source else None
    if name == "responsible":
        return as_reference(client.responsible)
    return getattr(client, name)


def as_reference(user: User | None) -> dict[str, Any] | None:
    return {"id": user.pk, "name": user.display_name} if user else None


def same(one: Any, other: Any) -> bool:
    """Whether two values of an event are the same: users by id, absent like empty."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return bool(one.get("id") == other.get("id"))
    if isinstance(one, bool) or isinstance(other, bool):  # an own field's "no" is not "not known"
        return one is other
    return (one or None) == (other or None)


def is_known(name: str) -> bool:
    """Whether there is such a field that values may be written to."""
    field = own_field("client", name)
    return name in READERS or (field is not None and field.is_active)
