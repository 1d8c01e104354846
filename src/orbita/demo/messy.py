"""Files as small businesses really keep them, to try the import on: a nail salon's workbook and a
flat sales sheet. What is wrong with them is wrong on purpose."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import xlsxwriter

from orbita.demo import numbers
from orbita.demo.chance import Weighted, random_for
from orbita.demo.names import PersonName, person_name, translit

CLIENTS, VISITS, SALES = 210, 390, 600
_MASTERS = Weighted(("Лена", "Оксана", "Вика", "лена"), (42, 34, 20, 4))
_SERVICES: tuple[tuple[str, int, int], ...] = (
    ("Маникюр с покрытием", 2200, 40),
    ("маникюр + гель-лак", 2200, 10),
    ("Педикюр", 2900, 16),
    ("Маникюр без покрытия", 1300, 9),
    ("Наращивание", 3800, 7),
    ("Коррекция", 2700, 8),
    ("Снятие", 500, 5),
    ("Дизайн 1 ноготь", 150, 5),
)
_SERVICE = Weighted(_SERVICES, [service[2] for service in _SERVICES])
_SOURCES = (
    "инста",
    "Инстаграм",
    "подруга",
    "от Светы",
    "вк",
    "2ГИС",
    "",
    "",
    "",
    "мимо шла",
    "сайт",
)
_NOTES = (
    "", "", "", "", "", "аллергия на базу!!", "только после 18", "любит нюд", "опаздывает",
    "скидка 10%", "приходит с ребёнком", "не писать в вотсап", "VIP", "ушла в декрет", "долг 500 р",
)  # fmt: skip
_MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip


def write_samples(directory: Path, today: date) -> None:
    """Puts both files into a directory, which is made when it is not there."""
    directory.mkdir(parents=True, exist_ok=True)
    Salon(today).write_workbook(directory / "salon.xlsx")
    write_sales_csv(directory / "sales-cp1251.csv", today)


@dataclass(slots=True)
class _Guest:
    name: PersonName
    phone: str
    visits: list[tuple[date, str, int]]


class Salon:
    """The nail salon: its guests and their visits, the same for a seed and a day."""

    def __init__(self, today: date, seed: int = 20) -> None:
        self._rng = random_for(seed, 6)
        self._today = today
        phones = numbers.Phones(random_for(seed, 7))
        self.guests = [self._guest(phones) for _ in range(CLIENTS - 12)]
        for _ in range(VISITS):
            self._visit(self._rng.choice(self.guests[: int(len(self.guests) * 0.8)]))
        for guest in self.guests:
            guest.visits.sort()

    def _guest(self, phones: numbers.Phones) -> _Guest:
        return _Guest(person_name(self._rng, 0.12, woman_share=0.96), phones.mobile(), [])

    def _visit(self, guest: _Guest) -> None:
        service, price, _weight = _SERVICE.one(self._rng)
        day = self._today - timedelta(days=int(540 * self._rng.random() ** 1.4))
        guest.visits.append(
            (day, service, price - (price // 10 if self._rng.random() < 0.1 else 0))
        )

    # ---------------------------------------------------------------- workbook

    def write_workbook(self, path: Path) -> int:
        """Writes the workbook with the sheets «Клиенты» and «Визиты»; returns its rows of data."""
        with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
            # Equal input gives equal files.
            book.set_properties({"created": _midnight(self._today)})
            return self._clients_sheet(book) + self._visits_sheet(book)

    def _clients_sheet(self, book: xlsxwriter.Workbook) -> int:
        rng, sheet = self._rng, book.add_worksheet("Клиенты")
        sheet.merge_range(0, 0, 0, 9, "Студия маникюра «Лак и точка»: клиентская база")
        sheet.write(1, 0, f"обновлено {self._today:%d.%m.%y}, Лена не трогай фильтр!")
        sheet.write_row(
            3, 0,
            ("№ п/п", "ФИО", "Телефон", "Д.р.", "Откуда", "Мастер", "Визитов", "Сумма покупок",
             "Последняя покупка", "Примечание"),
        )  # fmt: skip
        again = rng.sample(self.guests, 12)
        order = self.guests + again
        rng.shuffle(order)
        row = 4
        for number, guest in enumerate(order, start=1):
            if number % 47 == 0:
                row += 1
            sheet.write(row, 0, number)
            sheet.write(row, 1, _full_name(rng, guest.name))
            self._write_phone(sheet, row, guest)
            if rng.random() < 0.5:
                sheet.write(row, 3, self._birthday())
            sheet.write(row, 4, rng.choice(_SOURCES))
            sheet.write(row, 5, _MASTERS.one(rng))
            self._write_totals(book, sheet, row, guest)
            sheet.write(row, 9, rng.choice(_NOTES))
            row += 1
        sheet.write(row + 1, 1, "ИТОГО")
        sheet.write(row + 1, 7, _money(rng, sum(v[2] for g in order for v in g.visits)))
        return len(order)

    def _write_phone(
        self, sheet: "xlsxwriter.worksheet.Worksheet", row: int, guest: _Guest
    ) -> None:
        rng, chance = self._rng, self._rng.random()
        typed = numbers.as_typed(rng, guest.phone)
        if chance < 0.08:
            sheet.write_number(row, 2, int("8" + guest.phone[2:]))
        elif chance < 0.16:
            second = f"+7{rng.randint(900, 999)}000{rng.randint(0, 9999):04d}"
            sheet.write(
                row,
                2,
                f"{typed}{rng.choice((', ', ' / ', '; ', ' муж '))}{numbers.as_typed(rng, second)}",
            )
        elif chance < 0.19:
            sheet.write(row, 2, f"{typed} (вотсап)")
        elif chance < 0.21:
            sheet.write(row, 2, typed[:-2])
        elif chance < 0.25:
            sheet.write(row, 2, "нет")
        else:
            sheet.write(row, 2, typed)

    def _birthday(self) -> str:
        rng = self._rng
        born = date(rng.randint(1965, 2006), 1, 1) + timedelta(days=rng.randrange(365))
        if rng.random() < 0.02:
            return f"30.02.{born.year}"
        forms = (
            f"{born:%d.%m.%Y}",
            f"{born:%d.%m.%y}",
            f"{born.day} {_MONTHS[born.month - 1]}",
            f"{born.day} {_MONTHS[born.month - 1]} {born.year}",
            f"{born:%d/%m/%Y}",
            f"{born:%d.%m}",
        )
        return rng.choices(forms, (50, 18, 10, 8, 6, 8))[0]

    def _write_totals(
        self,
        book: xlsxwriter.Workbook,
        sheet: "xlsxwriter.worksheet.Worksheet",
        row: int,
        guest: _Guest,
    ) -> None:
        rng = self._rng
        if not guest.visits:
            return
        if rng.random() < 0.7:
            sheet.write(row, 6, len(guest.visits))
        sheet.write(row, 7, _money(rng, sum(visit[2] for visit in guest.visits)))
        last = guest.visits[-1][0]
        if rng.random() < 0.3:
            sheet.write_datetime(
                row, 8, _midnight(last), book.add_format({"num_format": "dd.mm.yyyy"})
            )
        else:
            sheet.write(row, 8, _date(rng, last))

    def _visits_sheet(self, book: xlsxwriter.Workbook) -> int:
        rng, sheet = self._rng, book.add_worksheet("Визиты")
        sheet.write_row(
            0, 0, ("Дата", "Клиент", "тел", "Услуга", "Мастер", "Сумма, руб.", "Оплата")
        )
        visits = sorted(
            (
                (day, guest, service, price)
                for guest in self.guests
                for day, service, price in guest.visits
            ),
            key=lambda visit: (visit[0], visit[1].phone),
        )
        row = 1
        for number, (day, guest, service, price) in enumerate(visits, start=1):
            if number % 90 == 0:
                row += 1
            sheet.write_row(
                row, 0,
                (_date(rng, day), _full_name(rng, guest.name), numbers.as_typed(rng, guest.phone),
                 service, _MASTERS.one(rng), _money(rng, price), rng.choice(("нал", "карта", "перевод", ""))),
            )  # fmt: skip
            row += 1
        return len(visits)


def write_sales_csv(path: Path, today: date, seed: int = 20) -> int:
    """Writes a flat sales sheet in cp1251 with `;` and CRLF; returns the number of its lines.

    Clients and purchases stand together in one table, as an accountant's export has them.
    """
    rng = random_for(seed, 8)
    phones = numbers.Phones(random_for(seed, 9))
    buyers = [(person_name(rng, 0.2), phones.mobile()) for _ in range(140)]
    goods = (
        ("Крем для рук", 450),
        ("Лак №12", 390),
        ("Масло для кутикулы", 620),
        ("Пилка 180", 120),
    )
    text = io.StringIO(newline="")
    sheet = csv.writer(text, delimiter=";", lineterminator="\r\n")
    sheet.writerow(
        ("Дата", "Номер чека", "Покупатель", "Телефон", "Почта", "Товар", "Кол-во", "Цена", "Сумма")
    )
    lines, receipt = 0, 500
    while lines < SALES:
        receipt += 1
        day = today - timedelta(days=(SALES - lines) * 365 // SALES)
        name, phone = buyers[int(len(buyers) * rng.random() ** 1.8)]
        mail = f"{translit(name.last)}{phone[-3:]}@mail.example" if int(phone[-1]) < 5 else ""
        for good, price in rng.sample(goods, rng.choice((1, 1, 1, 2, 3))):
            count = rng.choice((1, 1, 1, 2, 3))
            total = (
                f"{price * count},00"
                if count * price < 1000
                else f"{price * count // 1000} {price * count % 1000:03d},00"
            )
            sheet.writerow(
                (f"{day:%d.%m.%Y}", f"{receipt:06d}", name.full, numbers.as_typed(rng, phone), mail, good, count, f"{price},00", total)
            )  # fmt: skip
            lines += 1
    path.write_bytes(text.getvalue().encode("cp1251"))
    return lines


def _full_name(rng: Random, name: PersonName) -> str:
    forms = (
        name.full,
        f"{name.first} {name.last}",
        f"{name.last} {name.first}",
        f"{name.first} {name.middle} {name.last}",
        name.full.upper(),
        name.full.lower().replace("ё", "е"),
        f"  {name.last}  {name.first} ",
        f"{name.last} {name.first[0]}.{name.middle[0]}.",
        name.first,
    )
    return rng.choices(forms, (34, 18, 18, 8, 4, 6, 4, 6, 2))[0]


def _date(rng: Random, day: date) -> str:
    forms = (
        f"{day:%d.%m.%Y}",
        f"{day:%d.%m.%y}",
        f"{day:%Y-%m-%d}",
        f"{day.day}.{day.month}.{day.year} г.",
        f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    )
    return rng.choices(forms, (60, 18, 8, 8, 6))[0]


def _money(rng: Random, roubles: int) -> str | int:
    spaced = f"{roubles:,}".replace(",", " ")
    forms = (roubles, spaced, f"{spaced} р.", f"{spaced},00", f"{spaced.replace(' ', chr(0xA0))} ₽")
    return rng.choices(forms, (40, 26, 14, 12, 8))[0]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 – a spreadsheet knows no zones
