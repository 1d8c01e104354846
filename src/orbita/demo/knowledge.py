"""What the people of the demo company have laid down: passports of regions, segments, who is away."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils import timezone, translation

from orbita.accounts.actions import set_absence
from orbita.accounts.models import User
from orbita.clients.actions import create_segment
from orbita.clients.actions.regions import save_region
from orbita.clients.models import RetentionRule
from orbita.clients.privacy.incidents.actions import save_incident
from orbita.clients.privacy.purposes.actions import add_ready
from orbita.clients.privacy.retention.actions import save_rule

REGIONS = (
    {
        "name": "Республика Татарстан",
        "time_zone": "Europe/Moscow",
        "economy": "Нефть, автозаводы, много гостей в Казани. Кофейни открываются круглый год.",
        "notes": "В Курбан-байрам закупки у кафе вдвое меньше. Любят пробовать до заказа.",
    },
    {
        "name": "Свердловская область",
        "time_zone": "Asia/Yekaterinburg",
        "economy": "Металл и машиностроение; в Екатеринбурге сети кофеен берут крупно.",
        "notes": "Звонить до 15:00 по Москве. Перед Иннопромом, в июне, заказывают заранее.",
    },
    {
        "name": "Самарская область",
        "time_zone": "Europe/Samara",
        "economy": "Автозавод, химия, Волга: летом оживают набережные и турбазы.",
        "notes": "С мая по сентябрь спрос на зерно для холодного кофе.",
    },
)
SEGMENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "Кафе и рестораны Казани",
        {
            "all": [
                {"fact": "kind", "op": "in", "value": ["company"]},
                {"fact": "city", "op": "eq", "value": "Казань"},
            ]
        },
    ),
    (
        "Постоянные без звонка два месяца",
        {
            "all": [
                {"fact": "orders", "op": "gte", "value": 3},
                {"fact": "last_contact", "op": "older_days", "value": 60},
            ]
        },
    ),
    (
        "Пришли по рекомендации и купили",
        {
            "all": [
                {"fact": "recommended", "op": "eq", "value": True},
                {"fact": "orders", "op": "gte", "value": 1},
            ]
        },
    ),
)
NEVER_BOUGHT = (
    "Ни разу не купили",
    {"fact": "orders", "op": "eq", "value": 0},
)
KEEPING = "Интересовались и не купили за два года"

SINCE = timedelta(hours=5)
INCIDENT = {
    "title": "Список заказов ушёл чужому получателю",
    "happened": "Менеджер отправил таблицу с заказами за неделю на адрес с опечаткой.",
    "data": "Имена, телефоны, адреса доставки и состав заказов, 46 записей",
    "people": "Клиенты из Казани, 38 человек",
    "causes": "Адрес набран вручную, письмо ушло без проверки.",
    "measures": "Получателя попросили удалить письмо, он ответил, что удалил.",
    "in_russia": True,
}

AWAY, STANDS_IN = "Олег Власов", "Денис Карпов"


def lay_down(people: Sequence[User], today: date) -> None:
    """Writes them as the first of these people would."""
    actor, named = people[0], {user.name: user for user in people}
    for values in REGIONS:
        save_region(actor=actor, values=values)
    for name, rule in SEGMENTS:
        create_segment(actor=actor, name=name, rule=rule)
    never, rule = NEVER_BOUGHT
    save_rule(
        actor=actor,
        values={
            "name": KEEPING,
            "segment": create_segment(actor=actor, name=never, rule=rule),
            "since": RetentionRule.Since.ACTIVITY,
            "months": 24,
            "most": 50,
            "responsible": actor,
            "notice_days": 5,
        },
    )
    with translation.override("ru"):
        add_ready(actor=actor)
    save_incident(
        actor=actor, values=INCIDENT | {"found_at": timezone.now() - SINCE, "responsible": actor}
    )
    set_absence(
        actor=actor,
        user=named[AWAY],
        deputy=named[STANDS_IN],
        first_on=today - timedelta(days=3),
        last_on=today + timedelta(days=10),
        reason="Отпуск",
    )
