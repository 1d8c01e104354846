"""Makes the clients of the demo company: who they are, how to reach them, how they buy."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from orbita.demo import numbers, staff, trade
from orbita.demo.chance import Weighted, moment, random_for
from orbita.demo.names import FEMALE, PersonName, person_name, translit
from orbita.demo.places import CITIES, CITY_BY_NAME, City
from orbita.demo.records import (
    COMPANY,
    PERSON,
    Address,
    Client,
    Colleague,
    Phone,
    Requisites,
    Rhythm,
)

FOUNDED_DAYS_AGO = 1180
SECOND_PHONES = ("рабочий", "муж", "жена", "только вечером", "старый номер", "мама")
MAIL_HOSTS = ("pochta.example", "mail.example", "inbox.example", "post.example")

# How a client buys and how often that is met.
_HABITS_PERSON = Weighted(
    ("none", "once", "seldom", "gifts", "regular", "sleeper", "lost", "newcomer"),
    (11, 25, 28, 5, 11, 7, 6, 12),
)
_HABITS_COMPANY = Weighted(
    ("none", "once", "seldom", "regular", "sleeper", "lost", "newcomer"),
    (16, 12, 17, 28, 10, 11, 9),
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
    rhythm: Rhythm | None = None
    street: str = ""
    scale: float = 0.0


_IRINA, _DENIS, _OLEG = "Ирина Соколова", "Денис Карпов", "Олег Власов"
SHOWCASES = (
    Showcase(
        *("Кофейня", "На Баумана", "Казань", "sleeper", _IRINA),
        rhythm=Rhythm(24, 980, 64),
        street="ул. Баумана, д. 7",
    ),
    Showcase(
        *("Кофе-бар", "Двойной", "Казань", "regular", _IRINA), rhythm=Rhythm(14, 900), scale=1.1
    ),
    Showcase(
        *("Пекарня", "Тёплый хлеб", "Казань", "regular", _IRINA), rhythm=Rhythm(12, 760), scale=1.5
    ),
    Showcase(
        *("Сеть кофеен", "Зерно и пар", "Нижний Новгород", "regular", _IRINA),
        rhythm=Rhythm(7.6, 1060),
        scale=2.6,
    ),
    Showcase("Гостевой дом", "Липы", "Суздаль", "none", _DENIS, "asked"),
    Showcase("Коворкинг", "Этаж", "Екатеринбург", "none", _DENIS, "will_look"),
    Showcase("Чайхана", "Сад", "Оренбург", "none", _DENIS, "will_look"),
    Showcase(
        *("Кондитерская", "Мята", "Уфа", "regular", _IRINA), rhythm=Rhythm(22, 640), scale=0.9
    ),
    Showcase("Мини-пекарня", "Корж", "Ульяновск", "seldom", _IRINA),
    Showcase("Доставка еды", "Утро", "Пенза", "seldom", _IRINA),
    Showcase("Автосалон", "Орион", "Пермь", "once", _DENIS),
    Showcase(
        *("Бизнес-центр", "Высота", "Екатеринбург", "sleeper", _IRINA), rhythm=Rhythm(30, 830, 72)
    ),
    Showcase(
        *("Отель", "Волжский берег", "Самара", "sleeper", _IRINA),
        rhythm=Rhythm(26, 1010, 91),
        scale=1.6,
    ),
    Showcase("Ресторан", "Причал", "Саратов", "none", _OLEG, "refused"),
    Showcase(
        *("Университетский буфет", "Перемена", "Казань", "sleeper", _IRINA),
        rhythm=Rhythm(24, 1080, 152),
        scale=1.5,
    ),
    Showcase("Столовая", "№ 12", "Ижевск", "lost", _OLEG, rhythm=Rhythm(30, 300, 215)),
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

    def everyone(self, companies: int, persons: int) -> list[Client]:
        """Companies, then the people who work in them, then private buyers."""
        shown = [self._company(show) for show in SHOWCASES[:companies]]
        firms = shown + [self._company() for _ in range(companies - len(shown))]
        colleagues = [colleague.person for firm in firms for colleague in firm.people]
        clients = firms + colleagues + [self._person() for _ in range(persons)]
        for index, client in enumerate(clients):
            client.index = index
        return clients

    # ---------------------------------------------------------------- people

    def _person(self) -> Client:
        rng = self._rng
        client = self._new_person(_CITIES.one(rng), _HABITS_PERSON.one(rng), 0.62)
        name = client.person_name
        client.source = _SOURCES_PERSON.one(rng)
        if rng.random() < 0.95:
            client.phones.append(self._phone("mobile"))
        if rng.random() < 0.06:
            client.phones.append(self._phone("mobile", label=rng.choice(SECOND_PHONES)))
        if not client.phones or rng.random() < 0.68:
            client.emails.append(self._mailbox(name))
        if rng.random() < 0.3:
            client.telegram = self._handle(name)
        client.responsible = _LEADERS_PERSON.one(rng) if rng.random() < 0.86 else None
        if rng.random() < 0.55:
            client.addresses.append(self._address("delivery", client.city, flat=True))
        self._traits(client)
        client.tags = _tags(rng, trade.PERSON_TAGS)
        client.channel = self._channel(client, _CHANNELS_PERSON)
        client.stage = _STAGES_PERSON.one(rng) if client.habit == "none" else ""
        return client

    def _new_person(self, city: City, habit: str, woman_share: float) -> Client:
        name = self._person_name(city, woman_share)
        client = Client(PERSON, habit, city, self._created(habit), name.full, name)
        if self._rng.random() < 0.6:
            client.birthday = self._birthday(name.sex)
        return client

    def _person_name(self, city: City, woman_share: float) -> PersonName:
        name = person_name(self._rng, city.tatar, woman_share=woman_share)
        # Half of the buyers never said their patronymic.
        if self._rng.random() < 0.45:
            return PersonName(name.last, name.first, "", name.sex)
        return name

    def _traits(self, client: Client) -> None:
        rng = self._rng
        if rng.random() < 0.34:
            client.occupation = self._occupation(client)
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

    def _occupation(self, client: Client) -> str:
        usual = self._rng.choice(trade.OCCUPATIONS)
        born = client.birthday.year if client.birthday else 0
        if born > self._today.year - 24:
            return "студентка" if client.person_name.sex == FEMALE else "студент"
        if 0 < born < self._today.year - 62:
            return "на пенсии"
        return usual

    def _family(self, client: Client) -> str:
        woman = client.person_name.sex == FEMALE
        wrong = ("женат", "не женат") if woman else ("замужем", "не замужем")
        return self._rng.choice([f for f in trade.FAMILY if not f.startswith(wrong)])

    def _birthday(self, sex: str) -> date:
        rng = self._rng
        age = rng.triangular(21, 68, 37 if sex == FEMALE else 34)
        return date(2024, 12, 31) - timedelta(days=int(age * 365.25) + rng.randrange(365))

    # ------------------------------------------------------------- companies

    def _company(self, show: Showcase | None = None) -> Client:
        rng = self._rng
        city = CITY_BY_NAME[show.city] if show else _CITIES.one(rng)
        habit = show.habit if show else _HABITS_COMPANY.one(rng)
        label, name = (show.kind, show.name) if show else self._company_name(city)
        kind = trade.KIND_BY_LABEL.get(label, trade.KINDS[0])
        self._names.add((name, city.name))
        client = Client(COMPANY, habit, city, self._created(habit), f"{label} «{name}»")
        client.company_kind = label
        client.requisites = self._requisites(client, name)
        if client.requisites and label == "Офис":
            client.name = client.requisites.legal_name
        stage = show.stage if show else _STAGES_COMPANY.one(rng)
        client.stage = stage if habit == "none" else ""
        client.responsible = staff.employee(show.manager) if show else _LEADERS_COMPANY.one(rng)
        client.source = _SOURCES_COMPANY.one(rng)
        self._people(client)
        self._company_contacts(client, name)
        client.addresses.append(self._address("actual", city))
        if client.requisites and rng.random() < 0.7:
            client.addresses.append(self._address("legal", city, office=True))
        if habit != "none" and rng.random() < 0.4:
            client.addresses.append(self._address("delivery", city))
        client.hours = rng.choice(kind.hours)
        self._terms(client)
        if show:
            client.rhythm = show.rhythm
            client.addresses[0].line = show.street or client.addresses[0].line
        client.tags = (kind.tag, *_tags(rng, trade.COMPANY_TAGS))
        client.scale = kind.scale * rng.lognormvariate(0, 0.4)
        if "сеть" in client.tags:
            client.scale *= 2.5
        if show and show.scale:
            client.scale = show.scale
        client.channel = self._channel(client, _CHANNELS_COMPANY)
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
            # A few buy for themselves, too.
            habit = rng.choices(("none", "seldom", "regular"), (93, 5, 2))[0]
            person = self._new_person(client.city, habit, 0.66)
            name = person.person_name
            person.responsible, person.source = client.responsible, client.source
            person.position = hers if name.sex == FEMALE else his
            if position == 0 or rng.random() < 0.6:
                person.phones.append(self._phone("mobile"))
            if rng.random() < 0.35:
                person.emails.append(self._mailbox(name))
            if rng.random() < 0.25:
                person.telegram = self._handle(name)
            client.people.append(Colleague(person, person.position, role))

    def _company_contacts(self, client: Client, name: str) -> None:
        rng = self._rng
        latin = translit(name).strip("-") or "office"
        host = f"{latin}-{translit(client.city.name)}.example"
        if rng.random() < 0.55:
            client.phones.append(self._phone("work", client.city.dialling))
        if not client.phones or rng.random() < 0.3:
            first = client.people[0]
            whose = f"{first.person.person_name.first}, {first.position}"
            client.phones.append(self._phone("mobile", label=whose))
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

    def _phone(self, service: str, dialling: str = "", label: str = "") -> Phone:
        number = self._phones.landline(dialling) if dialling else self._phones.mobile()
        return Phone(number, numbers.as_typed(self._rng, number), service, label)

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

    def _created(self, habit: str) -> datetime:
        """When the client was recorded; buyers are set to their first order later."""
        span = 420 if habit == "none" else FOUNDED_DAYS_AGO
        day = self._today.toordinal() - int(span * self._rng.random() ** 1.4)
        return moment(day, self._rng.randint(9 * 60, 19 * 60))


def _tags(rng: Random, shares: tuple[tuple[str, float], ...]) -> tuple[str, ...]:
    return tuple(tag for tag, share in shares if rng.random() < share)


def _quoted(form: str, name: str) -> str:
    return f"{form} {name}" if "«" in name else f"{form} «{name}»"
