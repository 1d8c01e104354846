"""Makes the clients of the demo company: who they are, how to reach them, how they buy."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from orbita.demo import numbers, staff, trade
from orbita.demo.chance import Weighted, moment, random_for
from orbita.demo.names import FEMALE, PersonName, person_name, translit
from orbita.demo.places import CITIES, CITY_BY_NAME, City
from orbita.demo.records import COMPANY, PERSON, Address, Client, Colleague, Phone, Requisites

FOUNDED_DAYS_AGO = 1180
MAIL_HOSTS = ("pochta.example", "mail.example", "inbox.example", "post.example")

# How a client buys and how often that is met.
_HABITS_PERSON = Weighted(
    ("none", "once", "seldom", "gifts", "regular", "sleeper", "lost", "newcomer"),
    (11, 25, 29, 5, 9, 5, 5, 11),
)
_HABITS_COMPANY = Weighted(
    ("none", "once", "seldom", "regular", "sleeper", "lost", "newcomer"),
    (17, 12, 17, 27, 9, 10, 8),
)
_STAGES_PERSON = Weighted(("recorded", "mailings", "asked", "refused"), (38, 40, 17, 5))
_STAGES_COMPANY = Weighted(
    ("recorded", "no_decision_maker", "will_look", "mailings", "asked", "refused"),
    (18, 20, 24, 10, 18, 10),
)
_CITIES = Weighted(CITIES, [city.weight for city in CITIES])
_KINDS = Weighted(trade.KINDS, [kind.weight for kind in trade.KINDS])
_SOURCES_PERSON = Weighted([s[0] for s in trade.SOURCES], [s[1] for s in trade.SOURCES])
_SOURCES_COMPANY = Weighted([s[0] for s in trade.SOURCES], [s[2] for s in trade.SOURCES])
_CHANNELS_PERSON = Weighted(trade.CHANNELS, trade.CHANNEL_WEIGHTS_PERSON)
_CHANNELS_COMPANY = Weighted(trade.CHANNELS, trade.CHANNEL_WEIGHTS_COMPANY)
_LEADERS_PERSON = Weighted(*zip(*staff.OF_PERSONS, strict=True))
_LEADERS_COMPANY = Weighted(*zip(*staff.OF_COMPANIES, strict=True))
_POSITIONS = Weighted(trade.POSITIONS, [position[3] for position in trade.POSITIONS])
_DECIDERS = Weighted(trade.POSITIONS[:3], [position[3] for position in trade.POSITIONS[:3]])


@dataclass(frozen=True, slots=True)
class Showcase:
    """A company that a newcomer meets first: named, placed and with a known story."""

    kind: str
    name: str
    city: str
    habit: str
    manager: str
    stage: str = ""


SHOWCASES = (
    Showcase("Кофейня", "На Баумана", "Казань", "sleeper", "Ирина Соколова"),
    Showcase("Кофе-бар", "Двойной", "Казань", "regular", "Ирина Соколова"),
    Showcase("Пекарня", "Тёплый хлеб", "Казань", "regular", "Ирина Соколова"),
    Showcase("Сеть кофеен", "Зерно и пар", "Нижний Новгород", "regular", "Ирина Соколова"),
    Showcase("Гостевой дом", "Липы", "Суздаль", "none", "Денис Карпов", "asked"),
    Showcase("Коворкинг", "Этаж", "Екатеринбург", "none", "Денис Карпов", "will_look"),
    Showcase("Чайхана", "Сад", "Оренбург", "none", "Денис Карпов", "will_look"),
    Showcase("Кондитерская", "Мята", "Уфа", "regular", "Ирина Соколова"),
    Showcase("Мини-пекарня", "Корж", "Ульяновск", "seldom", "Ирина Соколова"),
    Showcase("Доставка еды", "Утро", "Пенза", "seldom", "Ирина Соколова"),
    Showcase("Автосалон", "Орион", "Пермь", "once", "Денис Карпов"),
    Showcase("Бизнес-центр", "Высота", "Екатеринбург", "sleeper", "Ирина Соколова"),
    Showcase("Отель", "Волжский берег", "Самара", "sleeper", "Ирина Соколова"),
    Showcase("Ресторан", "Причал", "Саратов", "none", "Олег Власов", "refused"),
    Showcase("Университетский буфет", "Перемена", "Казань", "lost", "Ирина Соколова"),
    Showcase("Столовая", "№ 12", "Ижевск", "lost", "Олег Власов"),
)


class ClientMaker:
    """Makes clients one after another; nothing that must be unique repeats."""

    def __init__(self, seed: int, today: date) -> None:
        self._rng = random_for(seed, 1)
        self._today = today
        self._phones = numbers.Phones(random_for(seed, 2))
        self._names: set[tuple[str, str]] = set()
        self._mailboxes: set[str] = set()
        self._serial = 0

    def companies(self, count: int, first_index: int = 0) -> list[Client]:
        shown = [self._company(first_index + i, show) for i, show in enumerate(SHOWCASES[:count])]
        rest = range(first_index + len(shown), first_index + count)
        return shown + [self._company(index) for index in rest]

    def persons(self, count: int, first_index: int = 0) -> list[Client]:
        return [self._person(first_index + i) for i in range(count)]

    # ---------------------------------------------------------------- people

    def _person(self, index: int) -> Client:
        rng = self._rng
        city, habit = _CITIES.one(rng), _HABITS_PERSON.one(rng)
        name = self._person_name(city)
        client = Client(index, PERSON, habit, city, self._created(habit))
        client.person = name
        client.name = " ".join(filter(None, (name.last, name.first, name.middle)))
        client.source = _SOURCES_PERSON.one(rng)
        if rng.random() < 0.95:
            client.phones.append(self._phone(""))
        if rng.random() < 0.06:
            client.phones.append(self._phone("второй"))
        if not client.phones or rng.random() < 0.68:
            client.emails.append(self._mailbox(name))
        if rng.random() < 0.3:
            client.telegram = self._handle(name)
        if rng.random() < 0.6:
            client.birthday = self._birthday(name.sex)
        client.responsible = _LEADERS_PERSON.one(rng) if rng.random() < 0.86 else None
        if rng.random() < 0.55:
            client.addresses.append(self._address("delivery", city, flat=True))
        self._traits(client)
        client.tags = _tags(rng, trade.PERSON_TAGS)
        client.channel = self._channel(client, _CHANNELS_PERSON)
        client.stage = _STAGES_PERSON.one(rng) if habit == "none" else ""
        self._mailings(client, 0.46)
        return client

    def _person_name(self, city: City, woman_share: float = 0.62) -> PersonName:
        name = person_name(self._rng, city.tatar, woman_share=woman_share)
        # Half of the buyers never said their patronymic.
        if self._rng.random() < 0.45:
            return PersonName(name.last, name.first, "", name.sex)
        return name

    def _traits(self, client: Client) -> None:
        rng = self._rng
        if rng.random() < 0.34:
            client.occupation = rng.choice(trade.OCCUPATIONS)
        if rng.random() < 0.08:
            client.education = rng.choice(trade.EDUCATION)
        if rng.random() < 0.14:
            client.income = trade.INCOMES[min(int(rng.gauss(1.6, 0.8)), 3)]
        if rng.random() < 0.1:
            client.family = self._family(client)
        if rng.random() < 0.22:
            client.hobbies = tuple(rng.sample(trade.HOBBIES, rng.randint(1, 2)))
        if rng.random() < 0.5:
            client.interests = tuple(rng.sample(trade.INTERESTS, rng.randint(1, 3)))

    def _family(self, client: Client) -> str:
        woman = client.person is not None and client.person.sex == FEMALE
        wrong = ("женат", "не женат") if woman else ("замужем", "не замужем")
        return self._rng.choice([f for f in trade.FAMILY if not f.startswith(wrong)])

    def _birthday(self, sex: str) -> date:
        rng = self._rng
        age = rng.triangular(21, 68, 37 if sex == FEMALE else 34)
        return date(2024, 12, 31) - timedelta(days=int(age * 365.25) + rng.randrange(365))

    # ------------------------------------------------------------- companies

    def _company(self, index: int, show: Showcase | None = None) -> Client:
        rng = self._rng
        city = CITY_BY_NAME[show.city] if show else _CITIES.one(rng)
        habit = show.habit if show else _HABITS_COMPANY.one(rng)
        label, name = (show.kind, show.name) if show else self._company_name(city)
        kind = trade.KIND_BY_LABEL.get(label, trade.KINDS[0])
        self._names.add((name, city.name))
        client = Client(index, COMPANY, habit, city, self._created(habit))
        client.company_kind, client.name = label, f"{label} «{name}»"
        client.requisites = self._requisites(client, name)
        if client.requisites and label == "Офис":
            client.name = client.requisites.legal_name
        stage = show.stage if show else _STAGES_COMPANY.one(rng)
        client.stage = stage if habit == "none" else ""
        self._people(client)
        self._company_contacts(client, name)
        client.source = _SOURCES_COMPANY.one(rng)
        client.responsible = staff.employee(show.manager) if show else _LEADERS_COMPANY.one(rng)
        client.addresses.append(self._address("actual", city))
        if client.requisites and rng.random() < 0.7:
            client.addresses.append(self._address("legal", city, office=True))
        if habit != "none" and rng.random() < 0.4:
            client.addresses.append(self._address("delivery", city))
        client.hours = rng.choice(kind.hours)
        self._terms(client)
        client.tags = (kind.tag, *_tags(rng, trade.COMPANY_TAGS))
        client.scale = kind.scale * rng.lognormvariate(0, 0.4)
        if "сеть" in client.tags or label.startswith("Сеть"):
            client.scale *= 2.5
        client.channel = self._channel(client, _CHANNELS_COMPANY)
        self._mailings(client, 0.55)
        return client

    def _company_name(self, city: City) -> tuple[str, str]:
        while True:
            kind = _KINDS.one(self._rng)
            name = self._rng.choice(kind.names)
            if (name, city.name) not in self._names:
                return kind.label, name

    def _requisites(self, client: Client, name: str) -> Requisites | None:
        rng, region = self._rng, client.city.code
        # Those who have not yet bought seldom gave their papers.
        if rng.random() > (0.35 if client.habit == "none" else 0.93):
            return None
        self._serial += 1
        year, serial = rng.randint(2008, 2023), self._serial
        if rng.random() < 0.34 and client.company_kind != "Офис":
            owner = person_name(rng, client.city.tatar)
            return Requisites(
                legal_name=f"ИП {owner.short}",
                inn=numbers.inn_of_person(region, serial),
                kpp="",
                ogrn=numbers.ogrnip(region, year, serial),
                bank=numbers.BANK,
                bik=numbers.BIK,
                account=numbers.account(serial, sole_trader=True),
            )
        own_name = client.company_kind == "Офис" or rng.random() < 0.35
        return Requisites(
            legal_name=_quoted("ООО", name if own_name else rng.choice(trade.LEGAL_NAMES)),
            inn=numbers.inn_of_company(region, serial),
            kpp=numbers.kpp(region),
            ogrn=numbers.ogrn(region, year, serial),
            bank=numbers.BANK,
            bik=numbers.BIK,
            account=numbers.account(serial),
        )

    def _people(self, client: Client) -> None:
        rng = self._rng
        count = rng.choices((1, 2, 3, 4), (38, 32, 20, 10))[0]
        unknown = client.stage == "no_decision_maker"
        for position in range(count):
            choice = _POSITIONS if position or unknown else _DECIDERS
            hers, his, role, _weight = choice.one(rng)
            if unknown and role == trade.DECIDES:
                hers = his = "администратор"
                role = trade.INFLUENCES
            name = self._person_name(client.city, 0.66)
            colleague = Colleague(name, hers if name.sex == FEMALE else his, role)
            if position == 0 or rng.random() < 0.6:
                colleague.phone = self._phone("мобильный")
            if rng.random() < 0.35:
                colleague.email = self._mailbox(name)
            if rng.random() < 0.25:
                colleague.telegram = self._handle(name)
            if rng.random() < 0.2:
                colleague.birthday = self._birthday(name.sex)
            client.people.append(colleague)

    def _company_contacts(self, client: Client, name: str) -> None:
        rng = self._rng
        latin = translit(name).strip("-") or "office"
        host = f"{latin}-{translit(client.city.name)}.example"
        if rng.random() < 0.55:
            client.phones.append(self._phone("рабочий", client.city.dialling))
        if not client.phones or rng.random() < 0.3:
            first = client.people[0]
            note = f"{first.name.first}, {first.position}"
            client.phones.append(self._phone("мобильный", note=note))
        if rng.random() < 0.8:
            box = rng.choice(("zakaz", "info", "office", "zakupki", "sklad", "hello"))
            client.emails.append(self._unique(box, host))
            if rng.random() < 0.2:
                client.emails.append(self._unique("buh", host))
        if rng.random() < 0.4:
            client.telegram = f"{latin.replace('-', '_')}_demo"
        if rng.random() < 0.35:
            client.site = f"https://{host}"

    def _terms(self, client: Client) -> None:
        rng, bought = self._rng, client.habit != "none"
        if bought and rng.random() < 0.75:
            client.payment_terms = rng.choice(trade.PAYMENT_TERMS)
        if bought and rng.random() < 0.65:
            client.delivery_terms = rng.choice(trade.DELIVERY_TERMS)
        if bought and rng.random() < 0.2:
            client.special_terms = rng.choice(trade.SPECIAL_TERMS)
        if rng.random() < 0.28:
            client.difficulties = rng.choice(trade.DIFFICULTIES)
        if rng.random() < (0.45 if client.habit in ("lost", "sleeper", "none") else 0.16):
            client.competitors = rng.choice(trade.COMPETITORS)
        if bought:
            client.discount = rng.choices((0, 5, 7, 10, 12, 15), (20, 24, 18, 22, 10, 6))[0]

    # --------------------------------------------------------------- contacts

    def _phone(self, label: str, dialling: str = "", note: str = "") -> Phone:
        number = self._phones.landline(dialling) if dialling else self._phones.mobile()
        return Phone(number, numbers.as_typed(self._rng, number), label, note)

    def _mailbox(self, name: PersonName) -> str:
        rng, last, first = self._rng, translit(name.last), translit(name.first)
        local = rng.choice((f"{first}.{last}", f"{last}.{first[0]}", f"{last}{first[0]}", last))
        return self._unique(local, rng.choice(MAIL_HOSTS))

    def _unique(self, local: str, host: str) -> str:
        address, tail = f"{local}@{host}", 1
        while address in self._mailboxes:
            tail += 1
            address = f"{local}{tail}@{host}"
        self._mailboxes.add(address)
        return address

    def _handle(self, name: PersonName) -> str:
        # The tail keeps a made-up name from being somebody's real one.
        return f"{translit(name.last)}_{translit(name.first)[0]}{self._rng.randint(10, 99)}_demo"

    def _address(
        self, kind: str, city: City, *, flat: bool = False, office: bool = False
    ) -> Address:
        rng = self._rng
        line = f"{rng.choice(city.streets)}, д. {rng.randint(1, 140)}"
        if rng.random() < 0.12:
            line += rng.choice("абв")
        if flat:
            line += f", кв. {rng.randint(1, 220)}"
        elif office and rng.random() < 0.7:
            line += f", оф. {rng.randint(1, 60)}"
        return Address(kind, city, line)

    def _channel(self, client: Client, choice: Weighted[str]) -> str:
        if self._rng.random() < 0.45:
            return ""
        channel = choice.one(self._rng)
        missing = (channel == "telegram" and not client.telegram) or (
            channel == "email" and not client.emails
        )
        return "phone" if missing else channel

    def _mailings(self, client: Client, share: float) -> None:
        agreed = client.stage == "mailings" or (
            client.stage != "refused" and self._rng.random() < share
        )
        if agreed and (client.emails or client.telegram):
            client.mailings_since = client.created.date()

    def _created(self, habit: str) -> datetime:
        """When the client was recorded; buyers are set to their first order later."""
        span = 420 if habit == "none" else FOUNDED_DAYS_AGO
        day = self._today.toordinal() - int(span * self._rng.random() ** 1.4)
        return moment(day, self._rng.randint(9 * 60, 19 * 60))


def _tags(rng: Random, shares: tuple[tuple[str, float], ...]) -> tuple[str, ...]:
    return tuple(tag for tag, share in shares if rng.random() < share)


def _quoted(form: str, name: str) -> str:
    return f"{form} {name}" if "«" in name else f"{form} «{name}»"
