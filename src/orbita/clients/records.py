"""Plain records that clients are made of in bulk: what the loader takes.

They cross between processes and hold everything that can be worked out without the database: the
words of the search and the text of the event too.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from orbita.clients.quality.completeness import filled_in
from orbita.clients.quality.problems import bits_of
from orbita.clients.tokens import name_words, place_words, text_words

# The plain fields of a card in the order of the loader's rows.
TEXTS = (
    "kind",
    "name",
    "name_key",
    "last_name",
    "first_name",
    "middle_name",
    "legal_form",
    "legal_name",
    "inn",
    "kpp",
    "ogrn",
    "sex",
    "occupation",
    "position",
    "income_level",
    "family",
    "education",
    "hobbies",
    "interests",
    "preferred_channel",
    "payment_terms",
    "delivery_terms",
    "special_terms",
    "difficulties",
    "working_hours",
    "time_zone",
    "comment",
)
NAME_PARTS = ("last_name", "first_name", "middle_name")
_NAMES = frozenset(["name", "name_key", *NAME_PARTS, "kind", "legal_form"])
# Those a match may fill or overwrite one by one.
PLAIN = tuple(name for name in TEXTS if name not in _NAMES)


class ContactData(msgspec.Struct, array_like=True):
    """A way to reach a client, as `ContactPoint` keeps it."""

    kind: str
    service: str
    value: str
    key: str
    label: str = ""
    is_main: bool = False


class AddressData(msgspec.Struct, array_like=True):
    kind: str = "actual"
    country: str = ""
    region: str = ""
    city: str = ""
    postcode: str = ""
    text: str = ""
    is_main: bool = False


class AccountData(msgspec.Struct, array_like=True):
    bank: str
    bik: str
    account: str
    correspondent: str = ""


class UserData(msgspec.Struct):
    id: int
    name: str


class ClientData(msgspec.Struct, array_like=True, kw_only=True):
    """One card. The fields that stand in `TEXTS` come first, in its order.

    A person whose name has no parts is known by a number only: `name` is then a stand-in that a
    real name replaces. `numbers` are external ids as (source, value), the primary one first.
    `own` is the column of own fields and `own_told` their plain values by name, as events have them.
    `words`, `places`, `texts`, `told` and what is said of quality are filled by `prepare`.
    """

    kind: str = "person"
    name: str
    name_key: str
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    legal_form: str = ""
    legal_name: str = ""
    inn: str = ""
    kpp: str = ""
    ogrn: str = ""
    sex: str = ""
    occupation: str = ""
    position: str = ""
    income_level: str = ""
    family: str = ""
    education: str = ""
    hobbies: str = ""
    interests: str = ""
    preferred_channel: str = ""
    payment_terms: str = ""
    delivery_terms: str = ""
    special_terms: str = ""
    difficulties: str = ""
    working_hours: str = ""
    time_zone: str = ""
    comment: str = ""
    birthday: date | None = None
    source: str = ""
    responsible: UserData | None = None
    created_on: date | None = None
    contacts: list[ContactData] = []
    addresses: list[AddressData] = []
    accounts: list[AccountData] = []
    tags: list[str] = []
    numbers: list[tuple[str, str]] = []
    own: dict[str, Any] = {}
    own_told: dict[str, Any] = {}
    words: list[str] = []
    places: list[str] = []
    texts: list[str] = []
    told: bytes = b""
    filled: int = 0
    problems: int = 0

    @property
    def city(self) -> str:
        """The city of the main address, else of the first that has one."""
        cities = [address.city for address in self.addresses if address.city]
        return cities[0] if cities else ""

    @property
    def is_nameless(self) -> bool:
        return self.kind == "person" and not (self.last_name or self.first_name or self.middle_name)


_encoder = msgspec.json.Encoder(order="sorted")
_astuple: Callable[[Any], tuple[Any, ...]] = msgspec.structs.astuple


def prepare(data: ClientData) -> ClientData:
    """Fills in all that follows from the record: work to do beside the writer."""
    data.words = name_words(data.name, data.legal_name)
    data.places = place_words(
        text for one in data.addresses for text in (one.city, one.region, one.text)
    )
    data.texts = text_words((data.comment, data.difficulties, data.special_terms))
    tell(data)
    data.filled = filled_in(
        data,
        {contact.kind for contact in data.contacts if contact.key},
        has_address=bool(data.addresses),
        has_source=bool(data.source),
    )
    data.problems = bits_of(data, data.contacts, today=date.today())  # noqa: DTZ011
    return data


def tell(data: ClientData) -> None:
    """Words the event of the card anew."""
    data.told = _encoder.encode(after(data))


def after(data: ClientData) -> dict[str, Any]:
    """The card as the event `client.created` keeps it: what is filled, as `card_fields.plain` says it."""
    values = {name: value for name, value in zip(TEXTS, _astuple(data), strict=False) if value}
    del values["name_key"]
    if data.kind == "person" and not data.is_nameless:
        del values["name"]  # it follows from its parts
    if data.birthday:
        values["birthday"] = data.birthday.isoformat()
    if data.source:
        values["source"] = data.source
    if data.responsible:
        values["responsible"] = data.responsible
    if data.contacts:
        values["contacts"] = [entry(contact) for contact in data.contacts]
    if data.addresses:
        values["addresses"] = [entry(address) for address in data.addresses]
    if data.accounts:
        values["bank_accounts"] = [entry(account) for account in data.accounts]
    if data.numbers:
        values["external_ids"] = [
            {"source": source, "value": value, "is_primary": place == 0}
            for place, (source, value) in enumerate(data.numbers)
        ]
    if data.tags:
        values["tags"] = [{"name": tag} for tag in data.tags]
    return values | data.own_told


def entry(part: ContactData | AddressData | AccountData) -> dict[str, Any]:
    """A part of a card as an event keeps it."""
    return msgspec.structs.asdict(part)
