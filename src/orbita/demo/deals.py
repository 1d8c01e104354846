"""Deals of the demo company: a year of requests, offers and refusals around the orders it has."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import translation

from orbita.accounts.models import User
from orbita.clients.models import AcquisitionSource
from orbita.core.bulk import insert_objects, reserve_ids
from orbita.core.events import NewEvent
from orbita.core.text import normalise
from orbita.demo.chance import moment, random_for
from orbita.demo.records import COMPANY, Client, DemoBase, Order
from orbita.work.actions import begin_with
from orbita.work.models import Deal, DealHelper, LossReason, Stage, StageStay

HISTORY_DAYS = 360
WON, LOST, OPEN = 245, 185, 110
REFUNDS, REPAIRS = 30, 45
# How many open stages each pipeline has before "won" and "lost".
_OPEN_STAGES = {"new": 4, "repeat": 3, "service": 3, "refunds": 2}
# Days that a deal usually takes from its first stage to its end.
_DAYS = {"new": (4, 45), "repeat": (2, 20), "service": (1, 12), "refunds": (1, 9)}
# Days in the stage after which it is stuck, as the ready pipelines have them.
_LIMITS = {"new": (2, 7, 10, 10), "repeat": (14, 10, 7), "service": (2, 14, 14), "refunds": (2, 10)}
_MONTHS = (
    *("январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август"),
    *("сентябрь", "октябрь", "ноябрь", "декабрь"),
)
_FIRST = (
    "Первая поставка кофе",
    "Пробная партия",
    "Кофе и чай в офис",
    "Зерно для новой точки",
    "Кофе для летней веранды",
    "Переход на наше зерно",
    "Капсулы и дрипы в номера",
    "Подарочные наборы сотрудникам",
)
_FIRST_PERSON = ("Набор в подарок", "Подписка на кофе", "Кофемолка и зерно", "Кофе на свадьбу")
_SERVICE = (
    "Ремонт кофемашины",
    "Плановое обслуживание кофемашины",
    "Настройка помола",
    "Обучение бариста",
    "Установка кофемашины",
)
_NEXT = (
    ("Позвонить, узнать объём", "Договориться о дегустации", "Узнать, кто решает"),
    ("Отвезти образцы", "Посчитать по прайсу опта", "Спросить, какая у них кофемашина"),
    (
        "Напомнить о предложении",
        "Спросить, что решили",
        "Отправить предложение со скидкой за объём",
    ),
    ("Получить подписанный договор", "Выставить счёт", "Согласовать день поставки"),
)
_NEXT_SERVICE = ("Согласовать время мастера", "Заказать запчасть", "Узнать, всё ли работает")
_NEXT_REFUND = ("Посмотреть фото брака", "Согласовать возврат с кладовщиком")
# Of the reasons of loss in their order: how often, and what was said.
_REASONS = (
    (8, ("на 15 % выше того, что платят сейчас", "просят цену ниже себестоимости")),
    (6, ("нашли такое же зерно дешевле", "сосед возит на 90 ₽ дешевле за кило")),
    (5, ("бюджет урезали до весны", "")),
    (4, ("хотят темнее, чем мы жарим", "нужна робуста, у нас её нет")),
    (3, ("просили Кению, её не было", "")),
    (4, ("нужно завтра, а мы возим по вторникам", "")),
    (7, ("выбрали обжарщика из своего города", "взяли тех, кто ставит машину бесплатно")),
    (6, ("остались со старым поставщиком", "")),
    (9, ("пять звонков без ответа", "письма читают и молчат")),
    (5, ("открытие точки отложили", "")),
    (8, ("вернутся к разговору после сезона", "сейчас ремонт")),
    (2, ("ответили через четыре дня", "")),
    (2, ("образец пришёл несвежим", "")),
)
_NOT_NOW = 10


@dataclass(slots=True)
class Drawn:
    """A deal before it is written. `steps` are places of stages (past the open ones: won, lost) and
    when it came there; `client`, `author` and `order` are indexes into the base.
    """

    pipeline: str
    client: int
    name: str
    amount: int | None
    steps: list[tuple[int, datetime]]
    author: int | None = None
    order: int | None = None
    expected: date | None = None
    next_step: str = ""
    next_on: date | None = None
    reason: int | None = None
    words: str = ""
    back_on: date | None = None
    helper: int | None = None

    @property
    def created(self) -> datetime:
        return self.steps[0][1]

    @property
    def end(self) -> int:
        """How far past the open stages it came: 0 won, 1 lost, below zero at work."""
        return self.steps[-1][0] - _OPEN_STAGES[self.pipeline]


def draw(base: DemoBase, seed: int, scale: float = 1.0) -> list[Drawn]:
    """The deals of the last year, by the day they began; the same base and seed give the same."""
    return sorted(_Drawer(base, seed).everything(scale), key=lambda deal: deal.created)


class _Drawer:
    def __init__(self, base: DemoBase, seed: int) -> None:
        self._base, self._rng = base, random_for(seed, 51)
        self._today = base.today.toordinal()
        self._led = [client for client in base.clients if client.responsible is not None]
        self._companies = [client for client in self._led if client.kind == COMPANY]
        self._bought: dict[int, date] = {}
        for order in base.orders:
            first = self._bought.get(order.client, order.day)
            self._bought[order.client] = min(first, order.day)

    def everything(self, scale: float) -> Iterator[Drawn]:
        def some(count: int) -> int:
            return max(round(count * scale), 3)

        yield from self._won(some(WON))
        yield from (self._lost() for _ in range(some(LOST)))
        yield from (self._open() for _ in range(some(OPEN)))
        yield from (self._repair() for _ in range(some(REPAIRS)))
        yield from self._refunds(some(REFUNDS))

    # ---- the sorts of deals ----

    def _won(self, count: int) -> Iterator[Drawn]:
        """Behind an order stands the deal that it came from."""
        orders = [
            (place, order)
            for place, order in enumerate(self._base.orders)
            if order.status != "cancelled"
            and self._base.clients[order.client].responsible is not None
            and 1 <= self._today - order.day.toordinal() < HISTORY_DAYS
            and (order.total > 15_000_00 or self._bought[order.client] == order.day)
        ]
        for place, order in self._rng.sample(orders, min(count, len(orders))):
            client = self._base.clients[order.client]
            pipeline = "new" if self._bought[order.client] == order.day else "repeat"
            first, last = _DAYS[pipeline]
            began = order.at - timedelta(days=self._rng.randint(first, last), hours=2)
            began = min(max(began, client.created), order.at - timedelta(minutes=20))
            deal = self._deal(pipeline, client, self._way(pipeline, began, order.at, 0))
            deal.name, deal.amount, deal.order = (
                self._name(pipeline, client, order),
                order.total,
                place,
            )
            deal.author = client.responsible if order.author is None else order.author
            deal.expected = order.day + timedelta(days=self._rng.randint(-6, 6))
            yield deal

    def _lost(self) -> Drawn:
        client = self._somebody()
        pipeline = "repeat" if client.index in self._bought and self._rng.random() < 0.5 else "new"
        ended = self._moment(self._today - self._rng.randint(1, HISTORY_DAYS))
        first, last = _DAYS[pipeline]
        began = max(ended - timedelta(days=self._rng.randint(first, last) * 1.4), client.created)
        began = min(began, ended - timedelta(hours=3))
        deal = self._deal(pipeline, client, self._way(pipeline, began, ended, 1))
        deal.amount = self._amount(client, deal)
        deal.reason = self._rng.choices(range(len(_REASONS)), [each[0] for each in _REASONS])[0]
        deal.words = self._rng.choice(_REASONS[deal.reason][1])
        if deal.reason == _NOT_NOW or self._rng.random() < 0.12:
            deal.back_on = ended.date() + timedelta(days=self._rng.randint(60, 240))
        return deal

    def _open(self) -> Drawn:
        client = self._somebody()
        pipeline = "repeat" if client.index in self._bought and self._rng.random() < 0.55 else "new"
        return self._at_work(pipeline, client)

    def _repair(self) -> Drawn:
        """A machine that is mended; most are done by now."""
        client = self._rng.choice(self._companies)
        if self._rng.random() < 0.2:
            deal = self._at_work("service", client)
        else:
            ended = self._moment(self._today - self._rng.randint(1, HISTORY_DAYS))
            began = max(
                ended - timedelta(days=self._rng.randint(*_DAYS["service"])), client.created
            )
            began = min(began, ended - timedelta(hours=3))
            lost = self._rng.random() < 0.1
            deal = self._deal("service", client, self._way("service", began, ended, int(lost)))
            if lost:
                deal.reason, deal.words = 8, "отремонтировали сами"
        deal.name = self._rng.choice(_SERVICE)
        deal.amount = self._rng.choice((3500, 4500, 6000, 8000, 12_500, 18_000)) * 100
        return deal

    def _refunds(self, count: int) -> Iterator[Drawn]:
        """What clients brought back, each with the order it was bought by."""
        late = [
            (place, order)
            for place, order in enumerate(self._base.orders)
            if order.refund and self._today - order.refund.at.date().toordinal() < HISTORY_DAYS
        ]
        for place, order in self._rng.sample(late, min(count, len(late))):
            refund = order.refund
            if refund is None:
                continue
            client = self._base.clients[order.client]
            asked = max(refund.at - timedelta(days=self._rng.randint(*_DAYS["refunds"])), order.at)
            asked = min(asked, refund.at - timedelta(minutes=20))
            deal = self._deal("refunds", client, self._way("refunds", asked, refund.at, 0))
            deal.name, deal.amount = f"Возврат: {refund.reason}", refund.amount
            deal.author = client.responsible if order.author is None else order.author
            deal.order = place
            yield deal

    # ---- what they are made of ----

    def _deal(self, pipeline: str, client: Client, steps: list[tuple[int, datetime]]) -> Drawn:
        deal = Drawn(
            pipeline,
            client.index,
            self._name(pipeline, client, None),
            None,
            steps,
            client.responsible,
        )
        if deal.steps[-1][0] or self._rng.random() < 0.5:
            day = deal.steps[-1][1].date()
            deal.expected = day + timedelta(days=self._rng.randint(-3, 20))
        if self._rng.random() < 0.06:
            helper = self._rng.randrange(2, 8)
            deal.helper = helper if helper != deal.author else None
        return deal

    def _at_work(self, pipeline: str, client: Client) -> Drawn:
        """One that is being worked on now: most as they should be, some stuck, some forgotten."""
        place = self._rng.randrange(_OPEN_STAGES[pipeline])
        limit = _LIMITS[pipeline][place]
        stuck = self._rng.random() < 0.22
        stood = (
            self._rng.uniform(1.3, 3.2) * limit + 1
            if stuck
            else self._rng.uniform(0.05, 0.9) * limit
        )
        came = self._moment(self._today - max(round(stood), 1 if stood > 0.6 else 0))
        before = sum(_LIMITS[pipeline][:place]) * self._rng.uniform(0.3, 0.8)
        began = min(max(came - timedelta(days=before), client.created), came)
        steps = [(0, began)] if place else []
        steps += [
            (between, began + (came - began) * between / place) for between in range(1, place)
        ]
        deal = self._deal(pipeline, client, [*steps, (place, came)])
        deal.amount = self._amount(client, deal)
        if deal.expected or place:
            deal.expected = date.fromordinal(
                self._today + self._rng.randint(-4 if stuck else 2, 40)
            )
        if self._rng.random() < 0.14:
            return deal
        steps_of = {"service": _NEXT_SERVICE, "refunds": _NEXT_REFUND}
        deal.next_step = self._rng.choice(steps_of.get(pipeline, _NEXT[min(place, 3)]))
        stood_days = self._today - came.date().toordinal()
        late = stood_days > 1 and self._rng.random() < 0.22
        ahead = -self._rng.randint(1, min(stood_days - 1, 9)) if late else self._rng.randint(0, 12)
        deal.next_on = _workday(date.fromordinal(self._today + ahead), forward=not late)
        return deal

    def _way(
        self, pipeline: str, began: datetime, ended: datetime, end: int
    ) -> list[tuple[int, datetime]]:
        """The stages it went through to its end, 0 for won and 1 for lost; a lost one may stop early."""
        stages = _OPEN_STAGES[pipeline]
        reached = self._rng.randint(1, stages) if end else stages
        passed = [place for place in range(1, reached) if self._rng.random() < 0.85]
        shares = sorted(self._rng.uniform(0.05, 0.95) for _ in passed)
        span = ended - began
        middle = [
            (place, began + span * share) for place, share in zip(passed, shares, strict=True)
        ]
        return [(0, began), *middle, (stages + end, ended)]

    def _somebody(self) -> Client:
        pool = self._companies if self._rng.random() < 0.78 else self._led
        return self._rng.choice(pool or self._led)

    def _name(self, pipeline: str, client: Client, order: Order | None) -> str:
        if pipeline == "new":
            return self._rng.choice(_FIRST if client.kind == COMPANY else _FIRST_PERSON)
        day = order.day if order else date.fromordinal(self._today - self._rng.randint(0, 20))
        month = _MONTHS[(day.month - (0 if day.day > 20 else 1)) % 12]
        if self._rng.random() < 0.6:
            return f"Кофе на {month}"
        return self._rng.choice(("Пополнение склада", "Чай и сиропы", "Посуда и расходники"))

    def _amount(self, client: Client, deal: Drawn) -> int | None:
        if deal.steps[-1][0] == 0 and self._rng.random() < 0.35:
            return None
        middle = 62_000 if client.kind == COMPANY else 7_500
        worth = middle * client.scale * self._rng.lognormvariate(0, 0.6)
        return max(round(worth / 500), 3) * 500_00

    def _moment(self, day: int) -> datetime:
        at = _workday(date.fromordinal(day), forward=False).toordinal()
        return moment(at, self._rng.randint(9 * 60, 18 * 60))


def _workday(day: date, *, forward: bool) -> date:
    """The day, or the nearest Monday after or Friday before a weekend."""
    over = day.weekday() - 4
    if over <= 0:
        return day
    return day + timedelta(days=3 - over) if forward else day - timedelta(days=over)


# ---- writing them down ----


@dataclass(slots=True)
class Book:
    """Where the rows of the base have come to: numbers by index, and how moments are kept."""

    users: Sequence[User]
    client_ids: Sequence[int]
    order_ids: Sequence[int]
    at: Callable[[datetime], datetime]
    tell: Callable[[int | None, NewEvent], None]
    currency: str
    stages: dict[str, list[Stage]] = field(default_factory=dict)
    reasons: list[LossReason] = field(default_factory=list)


def write(drawn: Sequence[Drawn], clients: Sequence[Client], book: Book) -> None:
    """Pipelines in Russian, then the deals with their stays and what the log says of them."""
    with translation.override("ru"):
        pipelines = begin_with(actor=book.users[0], names=list(_OPEN_STAGES))
    for name, pipeline in zip(_OPEN_STAGES, pipelines, strict=True):
        book.stages[name] = list(pipeline.stages.select_related("pipeline").order_by("position"))
    book.reasons = list(
        LossReason.objects.filter(parent__isnull=False)
        .select_related("parent")
        .order_by("parent__position", "position")
    )
    sources = {source.name: source for source in AcquisitionSource.objects.all()}
    rows: list[Deal] = []
    stays: list[StageStay] = []
    helpers: list[DealHelper] = []
    for pk, deal in zip(reserve_ids(Deal, len(drawn)), drawn, strict=True):
        row = _row(pk, deal, sources.get(clients[deal.client].source), book)
        rows.append(row)
        stays += _stays(row, deal, book)
        if deal.helper is not None:
            helpers.append(DealHelper(deal_id=pk, user=book.users[deal.helper]))
        for event in _events(row, deal, book):
            book.tell(deal.author, event)
    for objects in (rows, stays, helpers):
        insert_objects(objects)


def _row(pk: int, deal: Drawn, source: AcquisitionSource | None, book: Book) -> Deal:
    stage = book.stages[deal.pipeline][deal.steps[-1][0]]
    since = book.at(deal.steps[-1][1])
    return Deal(
        pk=pk,
        name=deal.name,
        name_key=normalise(deal.name),
        client_id=book.client_ids[deal.client],
        pipeline_id=stage.pipeline_id,
        stage=stage,
        state=stage.kind,
        stage_since=since,
        currency=book.currency,
        amount=deal.amount,
        amount_base=deal.amount,
        expected_on=deal.expected,
        source=source,
        responsible_id=None if deal.author is None else book.users[deal.author].pk,
        next_step=deal.next_step,
        next_step_on=deal.next_on,
        loss_reason=None if deal.reason is None else book.reasons[deal.reason],
        come_back_on=deal.back_on,
        order_id=None if deal.order is None else book.order_ids[deal.order],
        created_at=book.at(deal.created),
        closed_at=None if deal.end < 0 else since,
        updated_at=since,
    )


def _stays(row: Deal, deal: Drawn, book: Book) -> Iterator[StageStay]:
    moments = [book.at(at) for _place, at in deal.steps]
    for n, (place, _at) in enumerate(deal.steps):
        yield StageStay(
            deal_id=row.pk,
            n=n + 1,
            stage=book.stages[deal.pipeline][place],
            entered_at=moments[n],
            left_at=moments[n + 1] if n + 1 < len(moments) else None,
        )


def _events(row: Deal, deal: Drawn, book: Book) -> Iterator[NewEvent]:
    stages = book.stages[deal.pipeline]
    told = {"name": deal.name, "amount": deal.amount, "currency": row.currency}
    before: Stage | None = None
    for place, at in deal.steps:
        stage = stages[place]
        kind = "deal.created"
        more: dict[str, Any] = {"stage": stage.name}
        if before is not None:
            kind = {Stage.Kind.WON: "deal.won", Stage.Kind.LOST: "deal.lost"}.get(
                Stage.Kind(stage.kind), "deal.moved"
            )
            more = _move(before, stage)
        if kind == "deal.lost":
            more |= {
                "reason": str(row.loss_reason) if row.loss_reason else "",
                "words": deal.words,
                "come_back_on": deal.back_on,
            }
        yield NewEvent(kind, row.client_id, "deal", row.pk, told | more, at)
        before = stage


def _move(was: Stage, stage: Stage) -> dict[str, Any]:
    return {
        "before": {"stage": was.name, "pipeline": was.pipeline_id},
        "after": {"stage": stage.name, "pipeline": stage.pipeline_id},
        "stage_ids": [was.pk, stage.pk],
    }
