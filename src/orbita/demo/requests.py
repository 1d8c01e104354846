"""What clients of the demo company have asked about their data: one late, others in time or ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from orbita.accounts.models import User
from orbita.clients.models import Client, DataRequest, RequestStep
from orbita.clients.privacy.requests import letters
from orbita.clients.privacy.requests.actions import SUBJECT
from orbita.clients.privacy.requests.terms import term_of
from orbita.core.events import NewEvent, emit_many
from orbita.core.models import Origin

Kind, Step = DataRequest.Kind, RequestStep.Kind


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
    """Writes the requests and what was done about them, as the head of sales would have."""
    head = people[1]
    wanted = Client.objects.filter(kind=Client.Kind.PERSON, facts__orders_count__gte=1)
    clients = iter(wanted.order_by("pk")[: len(ASKED)])
    for number, asked in enumerate(ASKED):
        client = None if asked.who else next(clients, None)
        row = _row(asked, client, today - timedelta(days=asked.ago))
        row.responsible = head if number % 2 else people[0]
        row.save(force_insert=True)
        steps = _steps(row, asked)
        for step in steps:
            step.actor = head
        RequestStep.objects.bulk_create(steps)
        emit_many(_events(row, steps), actor=head, origin=Origin.BACKFILL)


def _row(asked: _Asked, client: Client | None, day: date) -> DataRequest:
    due = term_of(asked.kind, DataRequest.Regime.RU).end(day)
    row = DataRequest(
        kind=asked.kind,
        via=asked.via,
        regime=DataRequest.Regime.RU,
        client=client,
        who=asked.who or (client.name if client else "Без подписи"),
        text=asked.text,
        received_on=day,
        due_on=due,
        first_due_on=due,
        recorded_at=_noon(day),
    )
    if asked.ended:
        refused = asked.ended == letters.REFUSE
        row.status = DataRequest.Status.REFUSED if refused else DataRequest.Status.ANSWERED
        row.closed_at = _noon(day + timedelta(days=asked.after))
    return row


def _steps(row: DataRequest, asked: _Asked) -> list[RequestStep]:
    steps = [RequestStep(request=row, kind=Step.RECEIVED, at=row.recorded_at)]
    if asked.identity:
        at = min(row.recorded_at + timedelta(days=1), timezone.now())
        steps.append(RequestStep(request=row, kind=Step.IDENTITY, at=at, text=asked.identity))
    if row.closed_at:
        _subject, text = letters.draft(row, asked.ended, "ru")
        steps.append(
            RequestStep(
                request=row,
                kind=Step(row.status),
                at=row.closed_at,
                text=asked.reason,
                letter=text.replace(letters.GAP, asked.reason or "получено лично"),
            )
        )
    return steps


def _events(row: DataRequest, steps: Sequence[RequestStep]) -> Iterator[NewEvent]:
    told = {"number": row.pk, "kind": row.kind, "due": row.due_on.isoformat()}
    for step in steps:
        kind, more = "request.step", {"step": step.kind}
        if step.kind == Step.RECEIVED:
            kind, more = "request.received", {"regime": row.regime}
        elif step.kind in (Step.ANSWERED, Step.REFUSED):
            kind, more = "request.closed", {"status": row.status}
        yield NewEvent(kind, row.client_id, SUBJECT, row.pk, told | more, step.at)


def _noon(day: date) -> datetime:
    return min(timezone.make_aware(datetime.combine(day, time(12))), timezone.now())
