"""What the roaster sells: about sixty goods and services in groups, with prices and their history."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta

# SKU; name; unit; price now, ₽; cost, % of price; first sold, days ago; last sold, days ago;
# how often persons and companies take it. A group's prices rise together, see `_RISES`.
_GOODS = """
# Эспрессо-смеси
ES-N-250; Смесь «Север», 250 г; шт; 690; 52; -; -; 10; 1
ES-N-1000; Смесь «Север», 1 кг; шт; 2380; 55; -; -; 9; 20
ES-Y-250; Смесь «Юг», 250 г; шт; 670; 52; -; -; 9; 1
ES-Y-1000; Смесь «Юг», 1 кг; шт; 2290; 55; -; -; 8; 18
ES-V-250; Смесь «Волга», 250 г; шт; 640; 53; -; -; 6; 1
ES-V-1000; Смесь «Волга», 1 кг; шт; 2190; 56; -; -; 6; 14
ES-U-1000; Смесь «Урал», 1 кг; шт; 2090; 57; 820; -; 3; 10
ES-D-1000; Смесь «Двор», 60 % робусты, 1 кг; шт; 1690; 58; -; -; 1; 9
ES-B-250; Смесь «Без кофеина», 250 г; шт; 790; 54; 640; -; 2; 1
ES-B-1000; Смесь «Без кофеина», 1 кг; шт; 2690; 56; 640; -; 1; 3
# Моносорта
MO-ETY-250; Эфиопия Йиргачефф, 250 г; шт; 890; 50; -; -; 8; 1
MO-ETY-1000; Эфиопия Йиргачефф, 1 кг; шт; 3190; 53; -; -; 2; 4
MO-ETG-250; Эфиопия Гуджи натуральная, 250 г; шт; 960; 50; 540; -; 5; 1
MO-KEN-250; Кения АА Ньери, 250 г; шт; 1040; 51; -; -; 5; 1
MO-COL-250; Колумбия Уила, 250 г; шт; 820; 50; -; -; 7; 1
MO-COL-1000; Колумбия Уила, 1 кг; шт; 2890; 53; -; -; 3; 6
MO-BRS-250; Бразилия Сантос, 250 г; шт; 650; 52; -; -; 7; 1
MO-BRS-1000; Бразилия Сантос, 1 кг; шт; 2190; 55; -; -; 5; 13
MO-GUA-250; Гватемала Антигуа, 250 г; шт; 830; 51; -; -; 4; 1
MO-CRT-250; Коста-Рика Тарразу, 250 г; шт; 940; 51; 760; -; 3; 1
MO-RWA-250; Руанда Ньямашеке, 250 г; шт; 880; 51; 380; -; 3; 1
MO-SUM-250; Суматра Манделинг, 250 г; шт; 860; 52; -; 210; 2; 1
MO-PAN-100; Панама Гейша, 100 г; шт; 2450; 56; 430; -; 0.7; 0.1
MO-YEM-250; Йемен Мокка, 250 г; шт; 1890; 58; -; 500; 0.7; 0.1
# Дрипы и капсулы
DR-SET-10; Дрипы «Север», 10 шт; упак; 590; 44; -; -; 7; 4
DR-ETY-10; Дрипы «Эфиопия», 10 шт; упак; 690; 44; -; -; 6; 3
DR-MIX-20; Дрипы, набор 20 шт; упак; 1180; 45; 700; -; 4; 2
DR-HOT-100; Дрипы для гостиниц, 100 шт; упак; 4900; 47; 610; -; 0.1; 4
CA-N-10; Капсулы «Север», 10 шт; упак; 390; 46; -; -; 6; 3
CA-Y-10; Капсулы «Юг», 10 шт; упак; 390; 46; -; -; 5; 3
CA-B-10; Капсулы без кофеина, 10 шт; упак; 420; 47; 560; -; 2; 1
CA-OF-100; Капсулы для офиса, 100 шт; упак; 3450; 48; 690; -; 0.4; 6
# Чай и какао
TE-ASM-500; Чай чёрный Ассам, 500 г; упак; 980; 48; -; -; 2; 5
TE-ERL-500; Чай с бергамотом, 500 г; упак; 1050; 48; -; -; 2; 4
TE-SEN-500; Чай зелёный Сенча, 500 г; упак; 1090; 48; -; -; 2; 4
TE-MOL-250; Улун молочный, 250 г; упак; 870; 47; -; -; 2; 2
TE-IVN-250; Иван-чай с чабрецом, 250 г; упак; 560; 42; -; -; 3; 2
TE-TAI-250; Сбор «Таёжный», 250 г; упак; 620; 42; 480; -; 3; 2
TE-PYR-60; Чай в пирамидках, 60 шт; упак; 740; 45; -; -; 2; 5
KK-1000; Какао алкализованное, 1 кг; упак; 1490; 54; -; -; 1; 4
HC-1000; Горячий шоколад, 1 кг; упак; 1180; 52; -; -; 1; 4
MT-100; Матча церемониальная, 100 г; шт; 1650; 50; 520; -; 2; 2
# Сиропы и расходники
SY-KAR-1; Сироп карамель, 1 л; шт; 690; 55; -; -; 1; 8
SY-VAN-1; Сироп ваниль, 1 л; шт; 690; 55; -; -; 1; 7
SY-LAV-1; Сироп лаванда, 1 л; шт; 720; 55; 600; -; 0.7; 3
CU-250-50; Стаканы с логотипом 250 мл, 50 шт; упак; 640; 60; -; -; 0.1; 7
CU-350-50; Стаканы с логотипом 350 мл, 50 шт; упак; 740; 60; -; -; 0.1; 6
CL-500; Средство для чистки групп, 500 г; шт; 890; 50; -; -; 0.5; 5
CL-MLK-1; Средство для молочных систем, 1 л; шт; 780; 50; -; -; 0.3; 4
# Посуда и техника
GE-V60; Воронка V60 керамическая; шт; 2350; 60; -; -; 2; 0.6
GE-FLT-100; Фильтры бумажные V60, 100 шт; упак; 640; 52; -; -; 5; 1.5
GE-AER; Аэропресс; шт; 4650; 66; -; -; 1.2; 0.2
GE-TUR; Турка медная, 350 мл; шт; 3200; 58; -; -; 1.3; 0.2
GE-FRP; Френч-пресс, 600 мл; шт; 1890; 56; -; -; 1.4; 0.5
GE-GRM; Кофемолка ручная; шт; 5900; 64; 900; -; 1; 0.1
GE-GRE; Кофемолка жерновая для бара; шт; 84900; 74; -; -; 0.02; 0.25
GE-TMP; Темпер 58 мм; шт; 2700; 60; -; -; 0.4; 0.7
GE-MUG; Кружка «Север и Юг», 300 мл; шт; 790; 45; 750; -; 3; 0.7
GE-BOX; Подарочный набор «Север и Юг»; шт; 3400; 51; -; -; 2; 1.2
GE-CRT; Подарочная карта на 3 000 ₽; шт; 3000; 40; 800; -; 1; 0.3
# Подписка и услуги
SV-SUB-2; Подписка: две пачки в месяц; услуга; 1490; 55; 560; -; 1.5; 0.01
SV-CUP; Дегустация с обжарщиком; услуга; 1500; 35; -; -; 1.5; 0.4
SV-BAR; Курс бариста, два дня; услуга; 14500; 45; -; -; 0.1; 0.9
SV-SET; Настройка кофемолки и рецепта; услуга; 3500; 40; -; -; 0.02; 1.6
SV-FIX; Обслуживание кофемашины; услуга; 6900; 52; 880; -; 0.05; 1.8
SV-RENT; Аренда кофемашины, месяц; услуга; 9500; 48; 660; -; 0; 1.6
DL-COURIER; Доставка курьером; услуга; 290; 92; -; -; 0; 0
DL-CARRIER; Доставка транспортной компанией, место; услуга; 390; 95; -; -; 0; 0
"""

# Days ago and what the price then became, as a share of today's.
_RISES: dict[str, tuple[tuple[int, float], ...]] = {
    "Эспрессо-смеси": ((1200, 0.62), (930, 0.67), (690, 0.74), (450, 0.84), (240, 0.92), (75, 1.0)),
    "Моносорта": ((1200, 0.64), (880, 0.70), (640, 0.77), (400, 0.87), (180, 1.0)),
    "Дрипы и капсулы": ((1200, 0.70), (760, 0.79), (420, 0.90), (120, 1.0)),
    "Чай и какао": ((1200, 0.74), (700, 0.84), (330, 1.0)),
    "Сиропы и расходники": ((1200, 0.72), (800, 0.82), (410, 0.92), (150, 1.0)),
    "Посуда и техника": ((1200, 0.78), (620, 0.88), (280, 1.0)),
    "Подписка и услуги": ((1200, 0.75), (560, 0.87), (200, 1.0)),
}
_FIXED = frozenset({"GE-CRT"})
SERVICES = "Подписка и услуги"
COFFEE = frozenset({"Эспрессо-смеси", "Моносорта"})


@dataclass(frozen=True, slots=True)
class Price:
    """A price and a cost in kopecks, from a day on."""

    since: date
    price: int
    cost: int


@dataclass(frozen=True, slots=True)
class Product:
    """`sold_since` and `sold_until` are days; `until` is empty for what is still on sale."""

    index: int
    sku: str
    name: str
    group: str
    unit: str
    is_service: bool
    sold_since: date
    sold_until: date | None
    prices: tuple[Price, ...]
    to_persons: float
    to_companies: float

    def price_on(self, ordinal: int) -> Price:
        """The price in force on a day given as its proleptic ordinal."""
        at = bisect_right(self.prices, ordinal, key=lambda price: price.since.toordinal()) - 1
        return self.prices[max(at, 0)]


def catalogue(today: date) -> tuple[Product, ...]:
    """The whole assortment with prices dated back from `today`."""
    products: list[Product] = []
    group = ""
    for line in _GOODS.strip().splitlines():
        if line.startswith("# "):
            group = line[2:]
            continue
        sku, name, unit, price, cost, since, until, persons, companies = line.split("; ")
        begun = today - timedelta(days=1200 if since == "-" else int(since))
        products.append(
            Product(
                index=len(products),
                sku=sku,
                name=name,
                group=group,
                unit=unit,
                is_service=group == SERVICES,
                sold_since=begun,
                sold_until=None if until == "-" else today - timedelta(days=int(until)),
                prices=_history(sku, group, int(price), int(cost), begun, today),
                to_persons=float(persons),
                to_companies=float(companies),
            )
        )
    return tuple(products)


def _history(
    sku: str, group: str, price: int, cost: int, begun: date, today: date
) -> tuple[Price, ...]:
    rises = ((1200, 1.0),) if sku in _FIXED else _RISES[group]
    points: list[Price] = []
    for days, share in rises:
        since = max(today - timedelta(days=days), begun)
        roubles = round(price * share / 10) * 10
        # The green bean grew dearer faster than the roaster dared to raise prices.
        kopecks = round(price * (cost - 6 * (1 - share)) / 100 * share) * 100
        point = Price(since, roubles * 100, kopecks)
        if points and points[-1].since == since:
            points[-1] = point
        else:
            points.append(point)
    return tuple(points)
