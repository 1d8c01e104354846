"""What the pages of requests answer to whom: rows of the access table of this room."""

from datetime import timedelta

from django.utils import timezone

from orbita.accounts.testing import Row, World, answers, only
from orbita.clients.privacy.own_page.links import make_link
from orbita.clients.privacy.requests.actions import receive
from orbita.clients.privacy.requests.calendar import set_day

# Answering requests is the head's, the rules of it and the calendar the administrator's.
ANSWERS = only("head", "administrator")
DONE = only("head", "administrator", status=302)
RULES = only("administrator")
RULED = only("administrator", status=302)


def prepare(world: World) -> None:
    today = timezone.localdate()
    world["request"] = receive(
        actor=world.head,
        kind="access",
        via="letter",
        received_on=today - timedelta(days=2),
        client=world["client"],
        text="Пришлите всё, что у вас обо мне есть",
        contact="sokolova@example.org",
    )
    world["request_advertising"] = receive(
        actor=world.head,
        kind="advertising",
        via="phone",
        received_on=today,
        client=world["client"],
    )
    world["request_of_nobody"] = receive(
        actor=world.head, kind="erase", via="paper", received_on=today, who="Неизвестный Пётр"
    )
    world["request_own"] = receive(
        actor=world.head,
        kind="correct",
        via="page",
        received_on=today,
        client=world["client"],
        proposal={"first_name": "Ирина", "phone": "+79000001499"},
    )
    world["own_link"] = make_link(actor=world.head, client=world["client"])
    set_day(actor=world.administrator, day=today.replace(month=6, day=12), is_working=True)


def of_request(world: World) -> dict[str, int]:
    return {"pk": world["request"].pk}


def of_client(world: World) -> dict[str, int]:
    return {"pk": world["client"].pk}


def of_link(world: World) -> dict[str, object]:
    return {"token": world["own_link"]}


def of_letter(world: World) -> dict[str, object]:
    return of_request(world) | {"purpose": "prolong"}


def written(**more: str) -> dict[str, str]:
    return {"key": "0123456789abcdef", "way": "otherwise", "subject": "", "text": ""} | more


ROWS = [
    Row("clients:requests", ANSWERS),
    Row("clients:requests", ANSWERS, query=lambda w: {"show": "ended"}),
    Row("clients:request-new", ANSWERS),
    Row("clients:request-new", ANSWERS, query=lambda w: {"client": w["client"].pk}),
    Row(
        "clients:request-new",
        DONE,
        method="POST",
        data=lambda w: {
            "kind": "access",
            "via": "paper",
            "received_on": str(timezone.localdate()),
            "who": "Петрова",
            "regime": "ru",
        },
    ),
    Row("clients:request", ANSWERS, kwargs=of_request),
    Row("clients:request", ANSWERS, kwargs=lambda w: {"pk": w["request_advertising"].pk}),
    Row("clients:request", ANSWERS, kwargs=lambda w: {"pk": w["request_of_nobody"].pk}),
    Row(
        "clients:request",
        DONE,
        method="POST",
        kwargs=of_request,
        data=lambda w: {"kind": "identity", "text": "Позвонили по номеру с карточки"},
    ),
    Row("clients:request-client", ANSWERS, kwargs=lambda w: {"pk": w["request_of_nobody"].pk}),
    Row(
        "clients:request-client",
        DONE,
        method="POST",
        kwargs=lambda w: {"pk": w["request_of_nobody"].pk},
        data=lambda w: {"client": str(w["client"].pk)},
    ),
    Row(
        "clients:request-responsible",
        DONE,
        method="POST",
        kwargs=of_request,
        data=lambda w: {"responsible": str(w.head.pk)},
    ),
    Row("clients:request-letter", ANSWERS, kwargs=of_letter),
    Row(
        "clients:request-letter",
        ANSWERS,
        kwargs=lambda w: of_request(w) | {"purpose": "answer"},
        query=lambda w: {"lang": "en"},
    ),
    Row(
        "clients:request-letter",
        only("head", "administrator", status=404),
        kwargs=lambda w: of_request(w) | {"purpose": "nonsense"},
    ),
    Row(
        "clients:request-letter",
        DONE,
        method="POST",
        kwargs=lambda w: of_request(w) | {"purpose": "refuse"},
        data=lambda w: written(reason="Это не он"),
    ),
    Row("clients:request-copy", answers(403, administrator=200), method="POST", kwargs=of_request),
    Row(
        "clients:request-stop",
        DONE,
        method="POST",
        kwargs=lambda w: {"pk": w["request_advertising"].pk},
    ),
    Row("clients:request-reopen", DONE, method="POST", kwargs=of_request),
    Row("clients:request-rules", RULES),
    Row(
        "clients:request-rules",
        RULED,
        method="POST",
        data=lambda w: {
            "regime": "eu",
            "remind_before": "2",
            "corrections": "reviewed",
            "link_days": "30",
        },
    ),
    Row("clients:work-calendar", RULES),
    Row("clients:work-calendar", RULES, query=lambda w: {"year": "2031"}),
    Row(
        "clients:work-calendar",
        RULED,
        method="POST",
        data=lambda w: {"day": "2026-11-03", "works": "no"},
    ),
    Row(
        "clients:work-calendar-forget",
        RULED,
        method="POST",
        kwargs=lambda w: {"day": str(timezone.localdate().replace(month=6, day=12))},
    ),
    Row("clients:request", ANSWERS, kwargs=lambda w: {"pk": w["request_own"].pk}),
    Row(
        "clients:request-accept",
        DONE,
        method="POST",
        kwargs=lambda w: {"pk": w["request_own"].pk},
    ),
    # The client's own page asks nobody who he is: the link is the key.
    Row("clients:own-page", answers(200, anonymous=200), kwargs=of_link),
    Row("clients:own-page", answers(404, anonymous=404), kwargs=lambda w: {"token": "x" * 43}),
    Row(
        "clients:own-page",
        answers(302, anonymous=302),
        method="POST",
        kwargs=of_link,
        data=lambda w: {"do": "withdraw"},
    ),
    Row(
        "clients:own-link",
        answers(403, stranger=404, head=200, administrator=200),
        method="POST",
        kwargs=of_client,
    ),
    Row(
        "clients:own-link-revoke",
        answers(403, stranger=404, head=302, administrator=302),
        method="POST",
        kwargs=of_client,
    ),
]
