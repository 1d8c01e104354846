from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router

from orbita.accounts import policy
from orbita.api.auth import actor
from orbita.api.idempotency import once
from orbita.api.paging import json_response
from orbita.api.problems import COMMON, WRITING
from orbita.api.routes.clients import visible
from orbita.api.schemas import AnswerIn, Consents, RowId
from orbita.clients.models import Client, Consent, ConsentText
from orbita.clients.privacy.consents import CHANNELS, may_contact, record_consent

router = Router(tags=["consents"])


@router.get("/{client_id}/consents", response={200: Consents, **COMMON}, summary="Get consents")
def get_consents(request: HttpRequest, client_id: RowId) -> HttpResponse:
    """What may be sent to the client and how, and every answer he gave."""
    return json_response(_told(visible(actor(request), client_id)))


@router.post("/{client_id}/consents", response={201: Consents, **WRITING}, summary="Add an answer")
@once
def add_consent(request: HttpRequest, client_id: RowId, data: AnswerIn) -> tuple[int, Any]:
    """Writes down that the client agreed or refused. What he said before stays in the history.

    A refusal needs the right to write notes, a consent the right to change the client.
    """
    user = actor(request)
    client = visible(user, client_id)
    policy.require(user, "clients.note", client)
    record_consent(
        actor=user,
        client=client,
        purpose=data.purpose,
        channels=data.channels,
        given=data.given,
        source=data.source,
        at=data.at,
        text=_text(data),
        address=str(data.address) if data.address else None,
        proof=data.proof,
    )
    return 201, _told(client)


def _text(data: AnswerIn) -> ConsentText | None:
    if data.text_version is None:
        return None
    rows = ConsentText.objects.filter(purpose=data.purpose, version=data.text_version)
    if (text := rows.first()) is None:
        raise ValidationError({"text_version": [_("There is no text of this version.")]})
    return text


def _told(client: Client) -> dict[str, Any]:
    answers = Consent.objects.filter(client=client).order_by("-at", "-pk")
    columns = ("id", "purpose", "channel", "given", "at", "source", "address", "proof")
    rows = answers.values(*columns, "is_current", text_version=F("text__version"))
    return {"may": [_may(client, *pair) for pair in _pairs()], "answers": list(rows[:200])}


def _pairs() -> list[tuple[str, str]]:
    return [(str(purpose), str(one)) for purpose, channels in CHANNELS.items() for one in channels]


def _may(client: Client, purpose: str, channel: str) -> dict[str, Any]:
    decision = may_contact(client, purpose, channel)
    return {
        "purpose": purpose,
        "channel": channel,
        "allowed": decision.allowed,
        "reason": decision.reason,
    }
