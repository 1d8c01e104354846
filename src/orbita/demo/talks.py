"""What managers wrote down: calls, letters, meetings, complaints, in the words of the trade.

`{good}` is something the client buys, `{who}` a first name, `{n}` a small number.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from random import Random

from orbita.demo import staff
from orbita.demo.chance import moment, random_for
from orbita.demo.goods import COFFEE, Product
from orbita.demo.records import COMPANY, Client, Order, Talk

CALL, LETTER, MEETING, NOTE = "call", "letter", "meeting", "note"

_COMPANY_ACTIVE: tuple[tuple[str, str], ...] = (
    (CALL, "{who}: возьмут ещё {n} кг до конца месяца, ждут счёт."),
    (CALL, "Про оплату: обещают сегодня до обеда. {who} просит закрывающие через ЭДО."),
    (CALL, "Как пошла позиция «{good}»: гостям нравится, оставляют."),
    (CALL, "{who} просит привозить до открытия, днём разгружать некому."),
    (CALL, "Увеличивают заказ на {n} кг перед праздниками."),
    (CALL, "Не взяли трубку, {who} перезвонит после обеда."),
    (CALL, "Разговор о прайсе после повышения. Недовольны, но остаются: у других дороже."),
    (CALL, "{who} в отпуске до понедельника, заказ подтвердит сменщица."),
    (CALL, "Спрашивают, есть ли что-то без кислинки. Отправляем пробник «{good}»."),
    (CALL, "Кофемолка мелет неровно. Запись на настройку, мастер приедет на неделе."),
    (LETTER, "Ушёл прайс с новыми позициями ({n}) и сертификаты."),
    (LETTER, "Счёт и график поставок на следующий месяц отправлены."),
    (LETTER, "{who} сообщает план по банкетам: на выходных нужен двойной объём."),
    (LETTER, "Акт сверки за квартал отправлен, ждём подпись бухгалтера."),
    (MEETING, "Дегустация у них: пробовали «{good}» и новый лот. Берут на пробу {n} кг."),
    (MEETING, "Показали бариста, как настроить помол. {who} просит повторить осенью."),
    (MEETING, "Знакомство с новым управляющим. Условия оставили прежние."),
    (NOTE, "Открывают вторую точку весной, вернуться с предложением по оборудованию."),
    (NOTE, "{who} решает, бухгалтер только платит. Звонить с 10 до 12."),
    (NOTE, "Пятница для звонков не годится: у них приёмка продуктов."),
    (NOTE, "Стаканы берут у другого поставщика, дешевле на {n} %. Предложить вместе с зерном."),
    (NOTE, "Любят, когда кладём открытку с рецептом. Мелочь, а вспоминают каждый раз."),
    (NOTE, "Склад маленький, больше {n} коробок за раз не берут."),
)
_COMPANY_LEAVING: tuple[tuple[str, str], ...] = (
    (
        CALL,
        "Пока на пробе у другого обжарщика, по доставке у нас было удобнее. Набрать через месяц.",
    ),
    (CALL, "Сменился снабженец, про нас не знает. Предложение отправлено заново."),
    (CALL, "{who} в отъезде, без подписи заказ не делают. Вернуться через {n} недели."),
    (CALL, "Говорят, поток упал, остатков хватит ещё на {n} недели."),
    (CALL, "Трижды не ответили, сообщение оставлено в мессенджере."),
    (LETTER, "Предложена замена «{good}» со скидкой на первую партию, ответа нет."),
    (NOTE, "Цена после повышения их остановила. Вернуться, если будет акция на смеси."),
    (NOTE, "Точка закрыта на ремонт, обещают открыться через {n} месяца."),
)
_COMPANY_LEAD: tuple[tuple[str, str], ...] = (
    (CALL, "Первый звонок. Сейчас берут зерно в сети, просят прайс на почту."),
    (CALL, "Ответственный за закупку будет только в среду, набрать после 11."),
    (CALL, "Соединили с администратором, кто решает, не говорят."),
    (CALL, "{who}: попробуют {n} кг, если привезём на этой неделе."),
    (LETTER, "Отправлены предложение и условия доставки."),
    (LETTER, "Спрашивают про помол и отсрочку. Ответ ушёл, ждём реквизиты."),
    (MEETING, "Завезли пробник «{good}», {who} обещает собрать мнение бариста."),
    (NOTE, "Договор с нынешним поставщиком до конца квартала. Поставить напоминание."),
)
_REFUSED: tuple[tuple[str, str], ...] = (
    (CALL, "Отказ: всё устраивает у нынешнего поставщика. Просят не звонить до осени."),
    (CALL, "Дорого. Берут робусту вдвое дешевле и менять не хотят."),
    (NOTE, "Франшиза, зерно только от головного офиса. Предлагать нечего."),
)
_PERSON_ACTIVE: tuple[tuple[str, str], ...] = (
    (CALL, "Уточнили помол: под турку, как в прошлый раз."),
    (CALL, "Просьба перенести доставку на вечер, раньше дома никого."),
    (CALL, "Нравится «{good}», спрашивает, когда будет свежая обжарка."),
    (LETTER, "Спрашивает, чем отличаются «Север» и «Юг». Решили взять оба на пробу."),
    (LETTER, "Просит подобрать зерно под гейзер, без горечи."),
    (LETTER, "Фото латте-арта с нашим зерном, можно выложить у себя."),
    (NOTE, "Берёт подарки коллегам каждый декабрь, напомнить в последних числах ноября."),
    (NOTE, "Пьёт только светлую обжарку, смеси не предлагать."),
    (NOTE, "Дома стали пить без кофеина: показать новую смесь."),
    (NOTE, "Забирает заказ после шести, живёт рядом с магазином."),
    (NOTE, "После дегустации думает про курс для начинающих."),
)
_PERSON_LEAD: tuple[tuple[str, str], ...] = (
    (CALL, "Спрашивает про подарочный набор, думает."),
    (LETTER, "Вопрос про доставку в свой город и сроки. Ответили, заказа пока нет."),
    (NOTE, "Подписка на рассылку с дегустации."),
)
# A complaint and how it was closed.
_COMPLAINTS: tuple[tuple[str, str], ...] = (
    (
        "Кислит, не то что прошлая партия. Помол прежний. Просят вернуть деньги.",
        "Деньги вернули, замену не предложили. Вернуться с пробником.",
    ),
    (
        "Привезли на день позже обещанного, утром остались без зерна.",
        "Сдвинули маршрут, следующая доставка бесплатно.",
    ),
    ("Пачка «{good}» пришла надорванной, просят заменить.", "Заменили за наш счёт, извинились."),
    (
        "В счёте одна цена, в накладной другая.",
        "Накладную исправили, документы отправлены заново.",
    ),
    ("Курьер не поднялся на этаж.", "Поговорили с курьером, в адресе теперь отметка."),
    ("Прислали зерно вместо молотого.", "Забрали зерно, привезли молотое на другой день."),
)


def add_talks(
    seed: int,
    today: date,
    products: Sequence[Product],
    clients: Sequence[Client],
    orders: Sequence[Order],
) -> None:
    """Gives the most active clients, those who leave and those being won something to read."""
    of_client: dict[int, list[Order]] = defaultdict(list)
    for order in orders:
        of_client[order.client].append(order)
    for client in clients:
        rng = random_for(seed, 5, client.index)
        _Notebook(rng, today, products, client, of_client[client.index]).write()


class _Notebook:
    """The entries about one client."""

    def __init__(
        self,
        rng: Random,
        today: date,
        products: Sequence[Product],
        client: Client,
        orders: list[Order],
    ) -> None:
        self._rng, self._client, self._orders, self._products = rng, client, orders, products
        self._today = today.toordinal()
        self._since = client.created.date().toordinal()

    def write(self) -> None:
        if self._client.kind == COMPANY:
            self._company()
        else:
            self._person()
        self._complaints()
        self._client.talks.sort(key=lambda talk: talk.at)

    def _company(self) -> None:
        rng, count = self._rng, len(self._orders)
        if not count:
            pool = _REFUSED if self._client.stage == "refused" else _COMPANY_LEAD
            if self._client.stage != "recorded":
                self._some(pool, rng.randint(1, 4 if pool is _COMPANY_LEAD else 2), self._since)
            return
        many = min(1 + int(count * rng.uniform(0.1, 0.35)), 15)
        self._some(_COMPANY_ACTIVE, many, self._since, self._last)
        if self._client.habit in ("sleeper", "lost"):
            self._some(_COMPANY_LEAVING, rng.randint(1, 3), self._last + 20)

    def _person(self) -> None:
        rng, count = self._rng, len(self._orders)
        if not count:
            if self._client.stage in ("asked", "mailings") and rng.random() < 0.4:
                self._some(_PERSON_LEAD, 1, self._since)
        elif rng.random() < (0.6 if count > 5 else 0.2):
            many = rng.randint(1, 4) if count > 5 else 1
            self._some(_PERSON_ACTIVE, many, self._since, self._last)

    @property
    def _last(self) -> int:
        return self._orders[-1].day.toordinal()

    def _some(
        self, pool: Sequence[tuple[str, str]], count: int, since: int, until: int | None = None
    ) -> None:
        until = min(until or self._today, self._today)
        since = min(since, until)
        for kind, text in self._rng.sample(pool, min(count, len(pool))):
            self._add(kind, text, self._rng.randint(since, until), self._client.responsible)

    def _complaints(self) -> None:
        rng = self._rng
        for order in self._orders:
            refunded = order.refund is not None
            if rng.random() < (0.6 if refunded else 0.004) and order.delivered:
                day = order.delivered.toordinal() + 1
                said, done = rng.choice(_COMPLAINTS)
                self._add(CALL, f"Жалоба. {said}", day, staff.SUPPORT)
                self._add(
                    NOTE,
                    f"По жалобе: {done[0].lower()}{done[1:]}",
                    day + rng.randint(1, 3),
                    staff.SUPPORT,
                )

    def _add(self, kind: str, text: str, day: int, author: int | None) -> None:
        rng = self._rng
        # The office writes on working days.
        while (day - 1) % 7 > 4:
            day -= 1
        if day > self._today:
            return
        filled = text.format(good=self._good(), who=self._who(), n=rng.randint(2, 4))
        self._client.talks.append(
            Talk(moment(day, rng.randint(9 * 60, 18 * 60)), kind, filled, author)
        )

    def _good(self) -> str:
        """A coffee the client bought."""
        lines = self._rng.choice(self._orders).lines if self._orders else []
        for line in lines:
            product = self._products[line.product]
            if product.group in COFFEE:
                name = product.name
                return name.split("«")[1].split("»")[0] if "«" in name else name.split(",")[0]
        return "Север"

    def _who(self) -> str:
        if not self._client.people:
            return "Клиент"
        return self._rng.choice(self._client.people).person.person_name.first
