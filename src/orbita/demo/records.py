"""What the generator makes: plain records, free of the database. Sums are whole kopecks."""

from dataclasses import dataclass, field
from datetime import date, datetime

from orbita.demo.goods import Product
from orbita.demo.names import PersonName
from orbita.demo.places import City

PERSON, COMPANY = "person", "company"


@dataclass(frozen=True, slots=True)
class Employee:
    """Someone who signs in; `role` is the key of a starter role."""

    email: str
    name: str
    role: str
    team: str = ""


@dataclass(slots=True)
class Phone:
    """`number` is E.164, `service` mobile or work, `label` whose it is."""

    number: str
    typed: str
    service: str
    label: str = ""


@dataclass(slots=True)
class Address:
    """`kind` is delivery, actual or legal."""

    kind: str
    city: City
    line: str


@dataclass(slots=True)
class Talk:
    """What was said with a client and written down: a call, a letter, a meeting or a plain note.
    `author` is the index of an employee."""

    at: datetime
    kind: str
    text: str
    author: int | None = None


@dataclass(slots=True)
class Requisites:
    legal_name: str
    inn: str
    kpp: str
    ogrn: str
    bank: str
    bik: str
    account: str


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A known story: an order every so many days, from one day to another, counted back."""

    every: float
    since_ago: int
    until_ago: int = 0


@dataclass(slots=True)
class Client:
    """A person or a company. `habit` (how it buys), `scale` (how much) and `rhythm` steer the
    generator; `discount` is the agreed one, in per cent.

    `stage` is where one who never bought stands: recorded, no_decision_maker, will_look,
    mailings, asked, refused; empty for buyers.
    """

    kind: str
    habit: str
    city: City
    created: datetime
    name: str
    person: PersonName | None = None
    index: int = 0
    company_kind: str = ""
    requisites: Requisites | None = None
    phones: list[Phone] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    telegram: str = ""
    site: str = ""
    addresses: list[Address] = field(default_factory=list)
    people: list["Colleague"] = field(default_factory=list)
    birthday: date | None = None
    occupation: str = ""
    position: str = ""
    education: str = ""
    income: str = ""
    family: str = ""
    hobbies: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    source: str = ""
    responsible: int | None = None
    tags: tuple[str, ...] = ()
    channel: str = ""
    hours: str = ""
    payment_terms: str = ""
    delivery_terms: str = ""
    special_terms: str = ""
    difficulties: str = ""
    competitors: str = ""
    stage: str = ""
    discount: int = 0
    scale: float = 1.0
    rhythm: Rhythm | None = None
    talks: list[Talk] = field(default_factory=list)

    @property
    def goes_by_papers(self) -> bool:
        """Whether the company is known by its legal name and has none over the door."""
        return self.requisites is not None and self.name == self.requisites.legal_name

    @property
    def person_name(self) -> PersonName:
        """The parts of a person's name; a company has none."""
        if self.person is None:
            raise LookupError(f"{self.name} is a company")
        return self.person


@dataclass(slots=True)
class Colleague:
    """A person in a company, who is a client with a card of his own; `role` is his place in the
    decision-making unit."""

    person: Client
    position: str
    role: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """What two clients are to each other, by their indexes: `client` is under `other`."""

    client: int
    kind: str
    other: int
    note: str = ""


@dataclass(slots=True)
class Line:
    """`price` and `cost` are per unit, `discount` is off the whole line."""

    product: int
    quantity: int
    price: int
    cost: int
    discount: int

    @property
    def total(self) -> int:
        return self.price * self.quantity - self.discount

    def discount_on(self, count: int) -> int:
        """The part of the discount that falls on `count` of the quantity."""
        return self.discount * count // self.quantity

    def worth(self, count: int) -> int:
        """What `count` of the quantity came to."""
        return self.price * count - self.discount_on(count)


@dataclass(slots=True)
class Return:
    """Goods brought back: (line ordinal, quantity) pairs and what was paid for them."""

    at: datetime
    items: tuple[tuple[int, int], ...]
    amount: int
    reason: str


@dataclass(slots=True)
class Order:
    """`status` is new, confirmed, shipped, done or cancelled; `via` shop, site, phone or manager;
    `delivery` pickup, courier, carrier or own.

    `promised` and `delivered` are days; a delivery that has not happened yet is empty.
    """

    client: int
    at: datetime
    day: date
    via: str
    lines: list[Line]
    status: str = "done"
    number: str = ""
    author: int | None = None
    delivery: str = ""
    promised: date | None = None
    delivered: date | None = None
    due: date | None = None
    paid_at: datetime | None = None
    paid: int = 0
    note: str = ""
    refund: Return | None = None

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)


@dataclass(slots=True)
class Cart:
    """An unfinished purchase on the site: (product, quantity) pairs."""

    client: int
    at: datetime
    items: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class View:
    client: int
    product: int
    at: datetime


@dataclass(slots=True)
class DemoBase:
    """The whole company. Indexes inside the records point into these lists."""

    today: date
    company: str
    teams: tuple[str, ...]
    employees: tuple[Employee, ...]
    products: tuple[Product, ...]
    clients: list[Client]
    relations: list[Relation]
    orders: list[Order]
    carts: list[Cart]
    views: list[View]
