"""Makes orders: when each client buys, what, for how much, how it is brought, paid and returned."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random

from orbita.demo.chance import (
    SEASON_COMPANIES,
    SEASON_PERSONS,
    WEEK_COMPANIES,
    WEEK_PERSONS,
    Calendar,
    Weighted,
    moment,
    random_for,
)
from orbita.demo.goods import COFFEE, Product
from orbita.demo.records import COMPANY, Cart, Client, Line, Order, Return, View

HISTORY_DAYS = 1095
# The oldest regulars began this much before the history did.
KEPT_FROM = 1.3
FREE_COURIER_FROM = 3_000_00
BIG_PRICE = 4_000_00
RETURN_SHARE = 0.031

RETURN_REASONS = (
    "кислит, не подошёл вкус",
    "не тот помол",
    "пачка пришла надорванной",
    "привезли не ту позицию",
    "истекал срок, просили свежее",
    "передумали",
    "лишнее после закрытия веранды",
)
CANCEL_REASONS = (
    "передумал до отгрузки",
    "дубль заказа",
    "не дозвонились",
    "нет нужной позиции, ждать не стали",
    "не согласовали счёт",
    "нашли дешевле",
)
_VIA_PERSON = Weighted(("site", "shop", "phone"), (58, 34, 8))
_VIA_COMPANY = Weighted(("manager", "phone", "site"), (52, 26, 22))
_DELIVERY_PERSON = Weighted(("pickup", "courier", "carrier"), (20, 44, 36))
_DELIVERY_COMPANY = Weighted(("own", "carrier", "pickup"), (52, 42, 6))


class Shelf:
    """The catalogue laid out for quick reading: what may be sold on a day and for how much."""

    def __init__(self, products: Sequence[Product]) -> None:
        self.since = [p.sold_since.toordinal() for p in products]
        self.until = [p.sold_until.toordinal() if p.sold_until else 10**7 for p in products]
        self._days = [[price.since.toordinal() for price in p.prices] for p in products]
        self._prices = [[(price.price, price.cost) for price in p.prices] for p in products]
        # Kilogram packs, cups and the like go to companies by the case.
        self.by_case = [p.sku.endswith("-1000") and p.group in COFFEE for p in products]
        self.single = [p.is_service or p.prices[-1].price >= BIG_PRICE for p in products]
        indexes = range(len(products))
        self.for_persons = Weighted(indexes, [p.to_persons for p in products])
        self.for_companies = Weighted(indexes, [p.to_companies for p in products])
        by_sku = {p.sku: p.index for p in products}
        self.courier, self.carrier = by_sku["DL-COURIER"], by_sku["DL-CARRIER"]
        self.gifts = Weighted(
            [
                p.index
                for p in products
                if p.sku in ("GE-BOX", "GE-CRT", "GE-MUG", "DR-MIX-20", "MO-PAN-100", "TE-TAI-250")
            ],
            (5, 3, 3, 3, 1, 2),
        )

    def price(self, product: int, day: int) -> tuple[int, int]:
        """Price and cost in kopecks on a day."""
        at = bisect_right(self._days[product], day) - 1
        return self._prices[product][max(at, 0)]

    def line(self, product: int, quantity: int, day: int, percent: int = 0) -> Line:
        price, cost = self.price(product, day)
        return Line(product, quantity, price, cost, price * quantity * percent // 100)

    def sold(self, product: int, day: int) -> bool:
        return self.since[product] <= day <= self.until[product]


class Buying:
    """Orders of one client: his rhythm, his taste, his terms."""

    def __init__(self, rng: Random, client: Client, shelf: Shelf, calendar: Calendar) -> None:
        self._rng, self._client, self._shelf, self._calendar = rng, client, shelf, calendar
        self._today = calendar.today
        self._company = client.kind == COMPANY
        self._taste = shelf.for_companies if self._company else shelf.for_persons
        self._favourites = self._taste.some(rng, rng.randint(1, 4 if self._company else 3))

    # ----------------------------------------------------------------- days

    def days(self) -> list[int]:
        """The days of his orders, earliest first."""
        plan: dict[str, Callable[[], list[int]]] = {
            "none": list,
            "once": self._once,
            "seldom": self._seldom,
            "gifts": self._on_holidays,
            "regular": lambda: self._rhythm(until_ago=0),
            "sleeper": lambda: self._rhythm(until_ago=self._rng.randint(60, 190)),
            "lost": lambda: self._rhythm(until_ago=self._rng.randint(200, 700)),
            "newcomer": self._newly,
        }
        first = self._today - HISTORY_DAYS
        return sorted({day for day in plan[self._client.habit]() if first < day <= self._today})

    def _once(self) -> list[int]:
        return [self._calendar.draw(self._rng, self._today - HISTORY_DAYS, self._today - 12, 0.6)]

    def _seldom(self) -> list[int]:
        rng = self._rng
        day = self._calendar.draw(rng, self._today - HISTORY_DAYS, self._today - 70, 0.9)
        days = []
        for _ in range(rng.randint(2, 7)):
            days.append(self._calendar.settle(rng, min(day, self._today)))
            day += 20 + int(rng.expovariate(1 / 105))
            if day > self._today:
                break
        return days

    def _on_holidays(self) -> list[int]:
        rng, days = self._rng, []
        this_year = date.fromordinal(self._today).year
        since = this_year - rng.randint(0, 3)
        for year in range(since, this_year + 1):
            for month, first, last, share in ((12, 4, 27, 0.85), (2, 14, 22, 0.3), (3, 1, 7, 0.45)):
                if rng.random() < share:
                    days.append(date(year, month, rng.randint(first, last)).toordinal())
        return [day for day in days if day <= self._today] or self._once()

    def _newly(self) -> list[int]:
        rng = self._rng
        day = self._today - int(75 * rng.random() ** 1.3)
        days = [day]
        while rng.random() < (0.6 if self._company else 0.4):
            day += rng.randint(7, 24)
            days.append(day)
        return [self._calendar.settle(rng, d) for d in days if d <= self._today]

    def _rhythm(self, *, until_ago: int) -> list[int]:
        """Orders at his own interval, quicker in season, until he stops or to this day."""
        rng, calendar = self._rng, self._calendar
        middle, spread = (2.9, 0.5) if self._company else (3.8, 0.6)
        interval = max(rng.lognormvariate(middle, spread), 5.0)
        # Some come ever oftener, some ever more seldom.
        drift = rng.choices((0.99, 1.0, 1.012), (25, 55, 20))[0]
        stop = self._today - until_ago
        # Those whose start falls before the history were clients when the shop began to keep it.
        span = KEPT_FROM * HISTORY_DAYS - until_ago - 3 * interval
        day = stop - int(3 * interval + max(span, 0) * rng.random() ** 0.8)
        if (known := self._client.rhythm) is not None:
            interval, drift = known.every, 1.0
            day, stop = self._today - known.since_ago, self._today - known.until_ago
        days: list[int] = []
        while day <= stop:
            days.append(calendar.settle(rng, day))
            gap = interval * rng.gammavariate(7, 1 / 7) / calendar.season(day)
            day += max(round(gap), 2)
            interval = min(max(interval * drift, 4.0), 120.0)
        return days

    # ---------------------------------------------------------------- orders

    def orders(self) -> list[Order]:
        client, orders = self._client, []
        for ordinal, day in enumerate(self.days()):
            order = self._order(day, ordinal)
            self._settle_state(order, day)
            orders.append(order)
        if orders:
            before = 0 if self._rng.random() < 0.5 else self._rng.randint(1, 30)
            client.created = orders[0].at - timedelta(days=before, minutes=self._rng.randint(3, 90))
        return orders

    def _order(self, day: int, ordinal: int) -> Order:
        rng, client = self._rng, self._client
        if self._company:
            via = _VIA_COMPANY.one(rng)
            minute = int(rng.triangular(8 * 60, 18 * 60, 11 * 60))
        else:
            via = _VIA_PERSON.one(rng)
            minute = int(rng.triangular(8 * 60, 23 * 60, 14 * 60))
            if via == "shop":
                minute = min(max(minute, 9 * 60), 21 * 60 - 5)
        order = Order(
            client.index, moment(day, minute), date.fromordinal(day), via, self._lines(day, ordinal)
        )
        if via in ("manager", "phone"):
            order.author = client.responsible
        return order

    def _lines(self, day: int, ordinal: int) -> list[Line]:
        rng, shelf = self._rng, self._shelf
        if self._client.habit == "gifts":
            chosen = shelf.gifts.some(rng, rng.choice((1, 1, 2, 3)))
        elif self._company:
            chosen = self._favourites + self._taste.some(rng, rng.choice((0, 0, 1, 1, 2, 3)))
        else:
            own = self._favourites if ordinal and rng.random() < 0.7 else self._favourites[:1]
            chosen = own + self._taste.some(rng, rng.choice((0, 0, 0, 1, 1, 2 if ordinal else 0)))
        products = [p for p in dict.fromkeys(chosen) if shelf.sold(p, day)][:6] or [0]
        percent = self._percent(day, ordinal)
        return [shelf.line(product, self._quantity(product), day, percent) for product in products]

    def _quantity(self, product: int) -> int:
        rng, shelf = self._rng, self._shelf
        if shelf.single[product]:
            return 1
        if not self._company:
            return rng.choices((1, 2, 3, 4), (62, 27, 8, 3))[0]
        base = 6.0 if shelf.by_case[product] else 2.6
        return max(1, round(base * self._client.scale * rng.lognormvariate(0, 0.32)))

    def _percent(self, day: int, ordinal: int) -> int:
        """The discount of an order: agreed with companies, by occasion for people."""
        if self._company:
            return self._client.discount
        rng, when = self._rng, date.fromordinal(day)
        if when.month == 11 and when.day >= 24:
            return 15
        birthday = self._client.birthday
        if birthday and birthday.month == when.month and rng.random() < 0.4:
            return 10
        if ordinal >= 10:
            return 5
        return 10 if rng.random() < 0.07 else 0

    # -------------------------------------------- how it was brought, paid and returned

    def _settle_state(self, order: Order, day: int) -> None:
        rng, age = self._rng, self._today - day
        self._deliver(order, day)
        if rng.random() < 0.034 and age > 0:
            order.status, order.delivered = "cancelled", None
            order.note = rng.choice(CANCEL_REASONS)
            return
        self._pay(order, day)
        if order.delivered:
            order.status = "done"
            self._maybe_return(order)
        elif order.via == "shop":
            order.status = "done"
        else:
            order.status = "new" if age < 1 else "confirmed" if age < 2 else "shipped"

    def _deliver(self, order: Order, day: int) -> None:
        rng = self._rng
        if order.via == "shop":
            order.delivery, order.promised, order.delivered = "pickup", order.day, order.day
            return
        order.delivery = (_DELIVERY_COMPANY if self._company else _DELIVERY_PERSON).one(rng)
        if order.delivery == "carrier":
            places = rng.randint(1, 4) if self._company else 1
            order.lines.append(self._shelf.line(self._shelf.carrier, places, day))
        elif order.delivery == "courier" and order.total < FREE_COURIER_FROM:
            order.lines.append(self._shelf.line(self._shelf.courier, 1, day))
        promised = day + (rng.randint(3, 7) if order.delivery == "carrier" else rng.randint(1, 3))
        slip = rng.choices((-1, 0, 1, 2, 3, 5, 8), (4, 80, 7, 4, 2, 2, 1))[0]
        order.promised = date.fromordinal(promised)
        if (actual := max(promised + slip, day)) <= self._today:
            order.delivered = date.fromordinal(actual)

    def _pay(self, order: Order, day: int) -> None:
        rng = self._rng
        if not self._company:
            on_receipt = order.via == "phone" or (
                order.delivery == "courier" and rng.random() < 0.3
            )
            if not on_receipt:
                self._paid(order, day, rng.randint(0, 4))
            elif order.delivered:
                self._paid(order, order.delivered.toordinal(), 0)
            return
        grace = (
            14
            if "14" in self._client.payment_terms
            else 7
            if "7" in self._client.payment_terms
            else 2
        )
        due = day + grace
        order.due = date.fromordinal(due)
        paid_on = due + rng.choices((-5, -2, 0, 2, 6, 15, 40), (14, 26, 34, 13, 8, 4, 1))[0]
        never = rng.random() < 0.012
        if max(paid_on, day) <= self._today and not never:
            self._paid(order, max(paid_on, day), rng.randint(60, 300))
        elif rng.random() < 0.12:
            order.paid = order.total // 2 // 100 * 100

    def _paid(self, order: Order, day: int, minutes_later: int) -> None:
        order.paid = order.total
        paid_at = (
            moment(day, 12 * 60 + minutes_later * 7 // 5) if day != order.day.toordinal() else None
        )
        order.paid_at = paid_at or order.at + timedelta(minutes=minutes_later)

    def _maybe_return(self, order: Order) -> None:
        rng = self._rng
        leaves = self._client.habit in ("lost", "sleeper")
        if rng.random() >= RETURN_SHARE * (1.4 if leaves else 1.0) or order.delivered is None:
            return
        day = order.delivered.toordinal() + rng.randint(1, 9)
        if day > self._today:
            return
        # What it cost to bring is not paid back.
        goods = [i for i, line in enumerate(order.lines) if line.product < self._shelf.courier]
        if rng.random() < 0.36:
            items = tuple((i, order.lines[i].quantity) for i in goods)
        else:
            ordinal = rng.choice(goods)
            items = ((ordinal, rng.randint(1, order.lines[ordinal].quantity)),)
        amount = sum(order.lines[i].worth(count) for i, count in items)
        at = moment(day, rng.randint(10 * 60, 18 * 60))
        order.refund = Return(at, items, amount, rng.choice(RETURN_REASONS))


def make_orders(
    seed: int, today: date, products: Sequence[Product], clients: Sequence[Client]
) -> list[Order]:
    """All orders in the order they were placed, numbered; sets when each buyer was recorded."""
    shelf = Shelf(products)
    of_persons = Calendar(today, SEASON_PERSONS, WEEK_PERSONS)
    of_companies = Calendar(today, SEASON_COMPANIES, WEEK_COMPANIES)
    orders: list[Order] = []
    for client in clients:
        calendar = of_companies if client.kind == COMPANY else of_persons
        rng = random_for(seed, 3, client.index)
        orders += Buying(rng, client, shelf, calendar).orders()
    for company in clients:
        for colleague in company.people:
            if colleague.person.habit == "none":
                colleague.person.created = company.created + timedelta(minutes=1)
    orders.sort(key=lambda order: (order.at, order.client))
    for number, order in enumerate(orders, start=1001):
        order.number = str(number)
    return orders


def make_carts(
    seed: int, today: date, products: Sequence[Product], clients: Sequence[Client]
) -> tuple[list[Cart], list[View]]:
    """Carts left on the site in the last three months, and what was looked at in the last two."""
    rng, day = random_for(seed, 4), today.toordinal()
    shelf = Shelf(products)
    looking = [c for c in clients if c.habit != "lost" and (c.emails or c.telegram)]
    carts, views = [], []
    for client in rng.sample(looking, min(260, len(looking))):
        at = moment(day - int(92 * rng.random() ** 1.3), int(rng.triangular(480, 1420, 1200)))
        taste = shelf.for_companies if client.kind == COMPANY else shelf.for_persons
        chosen = [p for p in taste.some(rng, rng.randint(1, 4)) if shelf.sold(p, day)] or [0]
        carts.append(Cart(client.index, at, tuple((p, rng.randint(1, 3)) for p in chosen)))
        views += [View(client.index, p, at - timedelta(minutes=rng.randint(1, 40))) for p in chosen]
    for client in rng.sample(looking, min(420, len(looking))):
        at = moment(day - int(60 * rng.random()), int(rng.triangular(480, 1420, 1200)))
        for product in shelf.for_persons.some(rng, rng.randint(1, 6)):
            at += timedelta(minutes=rng.randint(1, 6))
            views.append(View(client.index, product, at))
    return sorted(carts, key=lambda c: c.at), sorted(views, key=lambda v: v.at)
