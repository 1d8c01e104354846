"""The talk with a browser about a passkey: a question with a challenge, then one answer to it.

The question is kept in the session and forgotten before its answer is looked at: no answer is taken
twice, and none to a question that was put to somebody else or for another purpose.
"""

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse

from orbita.accounts import actions
from orbita.accounts.actions.passkeys import LONGEST_ANSWER, RefusedError, Site
from orbita.accounts.models import User
from orbita.accounts.views.common import site_of

ASKED, LASTS = "passkey_asked", 300  # seconds that a person has for the answer
SIGN_IN, SECOND, NEW = "sign-in", "second", "new"
logger = logging.getLogger(__name__)


def here(request: HttpRequest) -> Site:
    return Site.of(site_of(request))


def ask(request: HttpRequest, purpose: str, question: tuple[dict[str, Any], Any]) -> JsonResponse:
    """Hands the question to the browser and keeps what its answer is checked with."""
    options, state = question
    request.session[ASKED] = {"for": purpose, "state": state, "until": time.time() + LASTS}
    return JsonResponse(options)


def asked(request: HttpRequest, purpose: str) -> Mapping[str, Any] | None:
    """What was kept of the question, this one time; None when there is none for this purpose."""
    kept = request.session.pop(ASKED, None)
    # Written now: whatever goes wrong later, the question is gone.
    request.session.save()
    if not kept or kept["for"] != purpose or kept["until"] < time.time():
        return None
    state: Mapping[str, Any] = kept["state"]
    return state


def answer_of(request: HttpRequest) -> Mapping[str, Any] | None:
    """What the browser sent; None when it is no JSON object of a sensible size."""
    text = request.POST.get("answer", "")
    if len(text) > LONGEST_ANSWER:
        return None
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def whose(request: HttpRequest, purpose: str, user: User | None = None) -> User | None:
    """Whose passkey has answered, of `user` alone when given; None when nobody's did."""
    state, answer = asked(request, purpose), answer_of(request)
    if state is None or answer is None:
        return None
    try:
        return actions.take_passkey(site=here(request), state=state, answer=answer, user=user)
    except RefusedError as error:
        logger.info("a passkey was refused: %s", error)
        return None
