"""The demo company as a whole: deterministic for a seed and a day, dated back from that day."""

from datetime import date

from orbita.demo import staff
from orbita.demo.clients import ClientMaker
from orbita.demo.goods import catalogue
from orbita.demo.purchases import make_carts, make_orders
from orbita.demo.records import DemoBase
from orbita.demo.relations import make_relations
from orbita.demo.talks import add_talks

SEED = 20
COMPANIES, PRIVATE_BUYERS = 450, 1700


def generate(today: date, *, seed: int = SEED, scale: float = 1.0) -> DemoBase:
    """About 3,000 clients and 20,000 orders over three years that end `today`.

    The same seed and day give equal bases; `scale` under 1 makes a smaller one for tests.
    """
    products = catalogue(today)
    maker = ClientMaker(seed, today)
    clients = maker.everyone(round(COMPANIES * scale), round(PRIVATE_BUYERS * scale))
    orders = make_orders(seed, today, products, clients)
    carts, views = make_carts(seed, today, products, clients)
    add_talks(seed, today, products, clients, orders)
    return DemoBase(
        today=today,
        company=staff.COMPANY_NAME,
        teams=staff.TEAMS,
        employees=staff.EMPLOYEES,
        products=products,
        clients=clients,
        relations=make_relations(seed, today, clients),
        orders=orders,
        carts=carts,
        views=views,
    )
