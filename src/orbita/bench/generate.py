"""Fills an empty base with invented clients and orders, past the actions, as fast as the base allows.

The rows are what the actions would have written, but for events: the pages measured do not read
them, apart from the card, whose client gets its own by the actions.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from orbita.accounts.models import User
from orbita.clients.models import Client, ClientFacts, ContactPoint, ExternalId
from orbita.clients.search import of_kinds, write_clients
from orbita.clients.tokens import name_words, place_words
from orbita.commerce.models import Order

SEED = 20240601
TODAY = date(2026, 6, 1)
CHUNK = 50_000
CITIES = (
    *["Москва"] * 12,
    *["Санкт-Петербург"] * 6,
    *["Казань", "Екатеринбург", "Новосибирск", "Нижний Новгород", "Самара"] * 2,
    *["Уфа", "Пермь", "Омск", "Воронеж", "Саратов", "Тольятти", "Ижевск", "Оренбург", "Пенза"],
    *["Ульяновск", "Чебоксары", "Сызрань", "Альметьевск", "Суздаль", "Бугульма", "Елабуга"],
)
LAST = [
    "Иванов",
    "Смирнов",
    "Кузнецов",
    "Попов",
    "Васильев",
    "Петров",
    "Соколов",
    "Михайлов",
    "Новиков",
    "Фёдоров",
    "Морозов",
    "Волков",
    "Алексеев",
    "Лебедев",
    "Семёнов",
    "Егоров",
    "Павлов",
    "Козлов",
    "Степанов",
    "Николаев",
    "Орлов",
    "Андреев",
    "Макаров",
    "Никитин",
    "Захаров",
    "Зайцев",
    "Соловьёв",
    "Борисов",
    "Яковлев",
    "Григорьев",
    "Романов",
    "Воробьёв",
    "Сергеев",
    "Фролов",
    "Дмитриев",
]
FIRST = [
    "Александр",
    "Алексей",
    "Андрей",
    "Артём",
    "Борис",
    "Вадим",
    "Валерий",
    "Виктор",
    "Владимир",
    "Глеб",
    "Денис",
    "Дмитрий",
    "Егор",
    "Иван",
    "Игорь",
    "Илья",
    "Кирилл",
    "Константин",
    "Лев",
    "Максим",
    "Михаил",
    "Никита",
    "Олег",
    "Павел",
    "Роман",
    "Руслан",
    "Семён",
    "Сергей",
    "Тимур",
]
MIDDLE = [
    "Александрович",
    "Алексеевич",
    "Андреевич",
    "Борисович",
    "Викторович",
    "Владимирович",
    "Дмитриевич",
    "Иванович",
    "Игоревич",
    "Максимович",
    "Михайлович",
    "Николаевич",
    "Олегович",
    "Павлович",
    "Петрович",
    "Романович",
    "Сергеевич",
]


def key(text: str) -> str:
    return text.casefold().replace("ё", "е")


def fill(clients: int, orders: int) -> None:
    """Loads clients numbered from 1 and orders spread over them unevenly and over three years."""
    chance = random.Random(SEED)
    owner = User.objects.people().values_list("pk", flat=True).first()
    for first in range(1, clients + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, clients + 1))
        with transaction.atomic():
            _load_clients(numbers, chance, owner)
    purchases: dict[int, list[Any]] = {}
    for first in range(1, orders + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, orders + 1))
        with transaction.atomic():
            _load_orders(numbers, clients, chance, owner, purchases)
    with transaction.atomic():
        _load_facts(clients, purchases)
    reset_sequences()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def city_of(number: int) -> str:
    return CITIES[number * 7 % len(CITIES)]


def _load_clients(numbers: range, chance: random.Random, owner: int | None) -> None:
    moment = datetime(2023, 6, 1)
    people, contacts, outside = [], [], []
    words: dict[int, list[tuple[int, str]]] = {}
    for number in numbers:
        last, first, middle = chance.choice(LAST), chance.choice(FIRST), chance.choice(MIDDLE)
        name, city = f"{last} {first} {middle}", city_of(number)
        phone, email = f"+79{number:09d}", f"client{number}@mail.example"
        added = moment + timedelta(minutes=number % 1_500_000)
        people.append((number, name, key(name), last, first, middle, owner, city, added))
        contacts.append((number, "phone", phone, phone, True))
        contacts.append((number, "email", email, email, True))
        words[number] = of_kinds(name_words(name), place_words([city]))
        outside.append((number, str(number)))
    insert(
        Client,
        "id name name_key last_name first_name middle_name responsible_id city created_at",
        people,
    )
    insert(ContactPoint, "client_id kind value key is_main", contacts)
    write_clients(words)
    insert(ExternalId, "client_id value", outside)


def _load_orders(
    numbers: range,
    clients: int,
    chance: random.Random,
    owner: int | None,
    purchases: dict[int, list[Any]],
) -> None:
    days = [TODAY - timedelta(days=ago) for ago in range(1095)]
    mornings = [datetime(day.year, day.month, day.day, 9) for day in days]
    rows = []
    for number in numbers:
        # Squaring the draw gives a few clients many orders and many clients one or none.
        client = 1 + int(clients * chance.random() ** 2)
        ago = int(1095 * chance.random())
        day, amount = days[ago], 50_000 + int(900_000 * chance.random())
        rows.append(
            (number, str(number), client, mornings[ago], day, amount, amount, amount, owner)
        )
        seen = purchases.get(client)
        if seen is None:
            purchases[client] = [1, amount, day, day]
        else:
            seen[0] += 1
            seen[1] += amount
            seen[2], seen[3] = min(seen[2], day), max(seen[3], day)
    insert(
        Order,
        "id number client_id ordered_at business_date total gross_base paid responsible_id",
        rows,
        status="done",
        payment="paid",
        is_counted=True,
    )


def _load_facts(clients: int, purchases: dict[int, list[Any]]) -> None:
    nothing = (0, 0, None, None)
    insert(
        ClientFacts,
        "client_id city_key orders_count gross first_order_on last_order_on",
        (
            (number, key(city_of(number)), *purchases.get(number, nothing))
            for number in range(1, clients + 1)
        ),
    )


def insert(model: Any, given: str, rows: Iterable[Sequence[Any]], **same: Any) -> None:
    """Writes rows of the given columns by executemany (SQLite) or COPY (PostgreSQL).

    The other columns get `same`, else the model's defaults.
    """
    columns = given.split()
    blank = model(**same)
    others = [
        field
        for field in model._meta.concrete_fields
        if field.column not in columns and not (field.primary_key and blank.pk is None)
    ]
    rest = tuple(
        field.get_db_prep_save(getattr(blank, field.attname), connection) for field in others
    )
    names = ", ".join(f'"{name}"' for name in (*columns, *(field.column for field in others)))
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row((*row, *rest))
        else:
            marks = ", ".join(["%s"] * (len(columns) + len(rest)))
            # A generator will do, whatever the stubs say: the rows are never all in memory.
            whole: Any = ((*row, *rest) for row in rows)
            cursor.executemany(
                f'INSERT INTO "{table}" ({names}) VALUES ({marks})',  # noqa: S608
                whole,
            )


def reset_sequences() -> None:
    """PostgreSQL's counters do not notice rows that bring their own numbers."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in (Client, Order):
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT max(id) FROM \"{table}\"))",  # noqa: S608
                [table],
            )
