"""The generated company: repeatable, dated up to the day asked for, and shaped like a real one."""

import hashlib
from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import pytest

from orbita.clients.checks import check_account, check_email, check_inn, check_kpp, check_ogrn
from orbita.core.phones import parse_phone
from orbita.demo.company import generate
from orbita.demo.records import COMPANY, DemoBase, Order

TODAY = date(2026, 11, 23)


@cache
def base() -> DemoBase:
    return generate(TODAY)


def digest(of: DemoBase) -> str:
    return hashlib.sha256(repr(of).encode()).hexdigest()


def counted() -> list[Order]:
    return [order for order in base().orders if order.status != "cancelled"]


def test_the_same_seed_and_day_give_the_same_base() -> None:
    assert digest(generate(TODAY, scale=0.05)) == digest(generate(TODAY, scale=0.05))


def test_another_seed_gives_another_base() -> None:
    assert digest(generate(TODAY, scale=0.05)) != digest(generate(TODAY, scale=0.05, seed=21))


def test_another_day_keeps_the_people_and_shifts_their_dates() -> None:
    one, later = generate(TODAY, scale=0.1), generate(TODAY + timedelta(days=40), scale=0.1)
    assert [c.name for c in one.clients] == [c.name for c in later.clients]
    assert [c.phones for c in one.clients] == [c.phones for c in later.clients]
    assert one.orders[-1].day <= TODAY < later.orders[-1].day
    assert later.orders[0].day - one.orders[0].day > timedelta(days=10)


@pytest.mark.parametrize("today", [date(2028, 2, 29), date(2027, 1, 1), date(2026, 8, 15)])
def test_any_day_of_the_year_will_do(today: date) -> None:
    orders = generate(today, scale=0.1).orders
    assert today - timedelta(days=4) <= orders[-1].day <= today


def test_the_size_is_as_promised() -> None:
    kinds = Counter(client.kind for client in base().clients)
    assert 2900 <= kinds.total() <= 3300
    assert 400 <= kinds[COMPANY] <= 550
    assert 18_500 <= len(base().orders) <= 22_000
    assert 58 <= len(base().products) <= 72


def test_nothing_lies_in_the_future_and_history_is_three_years_long() -> None:
    orders = base().orders
    assert orders[-1].day == TODAY
    assert timedelta(days=1060) < TODAY - orders[0].day <= timedelta(days=1095)
    for order in orders:
        assert order.delivered is None or order.day <= order.delivered <= TODAY
        assert order.paid_at is None or order.paid_at.date() <= TODAY
        assert order.refund is None or order.refund.at.date() <= TODAY
        assert base().clients[order.client].created <= order.at
    assert all(talk.at.date() <= TODAY for client in base().clients for talk in client.talks)


def test_orders_are_numbered_in_the_order_of_time() -> None:
    orders = base().orders
    assert [int(order.number) for order in orders] == list(range(1001, 1001 + len(orders)))
    assert all(a.at <= b.at for a, b in pairwise(orders))


def test_sums_are_whole_and_right() -> None:
    for order in base().orders:
        assert 1 <= len(order.lines) <= 7
        assert order.total > 0
        assert 0 <= order.paid <= order.total
        for line in order.lines:
            assert line.quantity >= 1
            assert 0 < line.cost < line.price
            assert 0 <= line.discount < line.price * line.quantity
        if order.refund:
            assert 0 < order.refund.amount <= order.total
            assert all(1 <= n <= order.lines[i].quantity for i, n in order.refund.items)


def test_goods_are_sold_at_the_price_of_their_day_and_only_while_on_sale() -> None:
    for order in base().orders[::17]:
        for line in order.lines:
            product = base().products[line.product]
            assert product.price_on(order.day.toordinal()).price == line.price
            assert product.sold_since <= order.day
            assert product.sold_until is None or order.day <= product.sold_until


def test_prices_rise() -> None:
    for product in base().products:
        prices = [price.price for price in product.prices]
        assert prices == sorted(prices)
        assert all(price.cost < price.price for price in product.prices)


def test_december_is_busy_summer_quiet_and_the_business_grows() -> None:
    whole_years = [o for o in counted() if o.day.year in (2024, 2025)]
    months = Counter(order.day.month for order in whole_years)
    ordinary = sum(months.values()) / 12
    assert months[12] > 1.25 * ordinary
    assert months[7] < ordinary
    revenue: Counter[int] = Counter()
    for order in counted():
        revenue[(TODAY - order.day).days // 365] += order.total
    assert revenue[0] > revenue[1] > revenue[2] > 0


def test_companies_rest_at_weekends_and_people_buy_then() -> None:
    weekdays: dict[str, Counter[int]] = defaultdict(Counter)
    for order in counted():
        weekdays[base().clients[order.client].kind][order.day.weekday()] += 1
    companies, people = weekdays[COMPANY], weekdays["person"]
    assert companies[5] + companies[6] < 0.04 * companies.total()
    assert people[5] > people[1]


def test_returns_cancellations_and_debts_are_there_and_few() -> None:
    orders = base().orders
    refunds = [order.refund for order in orders if order.refund]
    assert 0.025 < len(refunds) / len(orders) < 0.04
    whole = sum(refund.amount > 0.9 * order.total for order in orders if (refund := order.refund))
    assert 0 < whole < len(refunds)
    assert 0.02 < sum(order.status == "cancelled" for order in orders) / len(orders) < 0.05
    assert sum(order.due is not None and order.paid < order.total for order in counted()) > 20
    late = sum(o.delivered is not None and o.delivered > (o.promised or TODAY) for o in orders)
    assert 0.05 < late / len(orders) < 0.2


def band(value: int, cuts: list[int]) -> int:
    return 1 + sum(value > cut for cut in cuts)


def fifths(values: list[int]) -> list[int]:
    ordered = sorted(values)
    return [ordered[len(ordered) * i // 5] for i in range(1, 5)]


def test_every_corner_of_the_rfm_map_is_inhabited() -> None:
    bought: dict[int, list[int]] = {}
    for order in counted():
        row = bought.setdefault(order.client, [0, 0, 0])
        row[0], row[1], row[2] = order.day.toordinal(), row[1] + 1, row[2] + order.total
    cuts = [fifths([row[i] for row in bought.values()]) for i in range(3)]
    cells: Counter[tuple[int, int]] = Counter()
    for row in bought.values():
        r, f, m = (band(row[i], cuts[i]) for i in range(3))
        cells[r, (f + m + 1) // 2] += 1
    assert len(cells) == 25
    assert min(cells.values()) >= 10
    champions = cells[5, 5] + cells[5, 4]
    assert 0.04 < champions / len(base().clients) < 0.1
    assert cells[5, 1] >= 20  # newcomers
    assert cells[1, 5] + cells[2, 5] >= 30  # must not be lost


def test_tax_numbers_pass_every_check_and_belong_to_no_tax_office() -> None:
    seen = Counter[str]()
    for client in base().clients:
        if (papers := client.requisites) is None:
            continue
        seen.update((papers.inn, papers.ogrn, papers.account))
        check_inn(papers.inn)
        check_ogrn(papers.ogrn)
        assert papers.inn[2:4] == "00"
        check_account(papers.bik, papers.account)
        assert bool(papers.kpp) == (len(papers.inn) == 10)
        if papers.kpp:
            check_kpp(papers.kpp)
            assert papers.kpp[:4] == papers.inn[:4]
    assert seen
    assert max(seen.values()) == 1


def test_phones_are_valid_unique_and_of_exchange_000() -> None:
    phones = [phone for client in base().clients for phone in client.phones]
    assert len({phone.number for phone in phones}) == len(phones)
    assert len({phone.typed[:4] for phone in phones}) > 20
    for phone in phones:
        assert phone.number[5:8] == "000"
        read = parse_phone(phone.typed)
        assert read is not None
        assert read.e164 == phone.number
        assert read.is_mobile == (phone.service == "mobile")


def test_addresses_on_the_net_are_unique_and_fictitious() -> None:
    mails = [mail for client in base().clients for mail in client.emails]
    assert len(set(mails)) == len(mails)
    assert all(mail.endswith(".example") and check_email(mail) == mail for mail in mails)
    assert all(c.site.endswith(".example") for c in base().clients if c.site)
    assert all(c.telegram.endswith("_demo") for c in base().clients if c.telegram)


def test_companies_have_people_and_somebody_who_decides() -> None:
    companies = [client for client in base().clients if client.kind == COMPANY]
    assert all(1 <= len(company.people) <= 4 for company in companies)
    assert {p.role for c in companies for p in c.people} == {
        *("decides", "influences", "pays", "uses", "blocks")
    }
    for company in companies:
        decided = any(person.role == "decides" for person in company.people)
        assert decided != (company.stage == "no_decision_maker")


def test_all_starter_roles_sign_in_and_clients_are_shared_by_six_managers() -> None:
    roles = Counter(employee.role for employee in base().employees)
    assert set(roles) == {"administrator", "head", "manager", "marketer", "support", "viewer"}
    assert roles["manager"] == 6
    leaders = Counter(client.responsible for client in base().clients)
    assert set(leaders) - {None} == {
        i for i, employee in enumerate(base().employees) if employee.role == "manager"
    }


def test_the_names_agree_in_sex() -> None:
    for client in base().clients:
        if (name := client.person) and name.middle:
            assert name.middle.endswith(("на",) if name.sex == "f" else ("ич",))
