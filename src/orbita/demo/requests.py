"""What clients of the demo company have asked about their data: one late, others in time or ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from orbita.accounts.models import User
from orbita.clients.models import Client, DataRequest, RequestStep
from orbita.clients.privacy.requests import letters
from orbita.clients.privacy.requests.actions import receive, write_letter, write_step
from orbita.clients.privacy.requests.letters import Letter

Kind = DataRequest.Kind


@dataclass(frozen=True)
class _Asked:
    """A request `ago` days before today; `ended` says how and how many days later."""

    kind: str
    via: str
    ago: int
    text: str
    who: str = ""
    identity: str = ""
    ended: str = ""
    after: int = 0
    reason: str = ""


ASKED = (
    _Asked(
        Kind.ACCESS,
        "letter",
        17,
        "Пришлите, пожалуйста, всё, что у вас обо мне записано, и кому вы это передаёте.",
        identity="Ответила со своей почты, той же, что на карточке.",
    ),
    _Asked(Kind.CORRECT, "phone", 7, "Сменила фамилию, в заказах прошу указывать новую."),
    _Asked(
        Kind.STOP,
        "paper",
        4,
        "Прошу прекратить обработку моих персональных данных.",
        identity="Подпись совпадает с договором, копию сверил лично.",
    ),
    _Asked(
        Kind.ERASE, "letter", 1, "Больше у вас не покупаю, удалите мои данные.", who="Р. Гарипов"
    ),
    _Asked(
        Kind.ADVERTISING,
        "messenger",
        20,
        "Хватит присылать акции!",
        ended=letters.ANSWER,
        after=0,
    ),
    _Asked(
        Kind.ACCESS,
        "visit",
        40,
        "Хочу копию своих данных.",
        identity="Показал паспорт, номер не записывали.",
        ended=letters.ANSWER,
        after=6,
    ),
    _Asked(
        Kind.ERASE,
        "phone",
        33,
        "Удалите данные моей соседки, ей неудобно просить.",
        who="Звонок с незнакомого номера",
        ended=letters.REFUSE,
        after=2,
        reason="Просит не сам клиент, доверенности нет.",
    ),
)


def ask(people: Sequence[User], today: date) -> None:
    """Enters the requests and what was done about them, as the head of sales."""
    head = people[1]
    wanted = Client.objects.filter(kind=Client.Kind.PERSON, facts__orders_count__gte=1)
    clients = iter(wanted.order_by("pk")[: len(ASKED)])
    for number, asked in enumerate(ASKED):
        day = today - timedelta(days=asked.ago)
        client = None if asked.who else next(clients, None)
        row = receive(
            actor=head,
            kind=asked.kind,
            via=asked.via,
            received_on=day,
            client=client,
            who=asked.who or ("" if client else "Без подписи"),
            text=asked.text,
            responsible=head if number % 2 else people[0],
        )
        _go_on(head, row, asked, day)


def _go_on(head: User, row: DataRequest, asked: _Asked, day: date) -> None:
    if asked.identity:
        write_step(actor=head, request=row, kind="identity", text=asked.identity)
    if asked.ended:
        subject, text = letters.draft(row, asked.ended, "ru")
        text = text.replace(letters.GAP, asked.reason or "получено лично")
        letter = Letter(asked.ended, subject, text, key="demo", reason=asked.reason)
        write_letter(actor=head, request=row, letter=letter)
        ended = _noon(day + timedelta(days=asked.after))
        DataRequest.objects.filter(pk=row.pk).update(closed_at=ended)
    for place, step in enumerate(row.steps.order_by("pk")):
        days = min(place * max(asked.after, 1), asked.ago)
        RequestStep.objects.filter(pk=step.pk).update(at=_noon(day + timedelta(days=days)))


def _noon(day: date) -> datetime:
    return min(timezone.make_aware(datetime.combine(day, time(12))), timezone.now())
