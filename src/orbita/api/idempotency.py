"""POST with an `Idempotency-Key`: however often it arrives, it takes effect once.

The answer is stored in the transaction of the effect and given again for a day. The same key with
another request is a conflict.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks import task

from orbita.api.auth import actor
from orbita.api.models import IdempotentRequest
from orbita.api.paging import json_response
from orbita.api.problems import ConflictError

KEPT_FOR = timedelta(days=1)
LONGEST_KEY = 200


def once(operation: Callable[..., tuple[int, Any]]) -> Callable[..., HttpResponse]:
    """Wraps an operation returning (status, plain data) so that a repeated key repeats its answer."""

    @wraps(operation)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "").replace("\0", "")
        if not key:
            return json_response_of(operation(request, *args, **kwargs))
        if len(key) > LONGEST_KEY:
            raise ConflictError(_("The Idempotency-Key is too long."))
        fingerprint = _fingerprint(request)
        if earlier := _earlier(request, key, fingerprint):
            return earlier
        try:
            with transaction.atomic():
                _expired().filter(user_id=actor(request).pk, key=key).delete()
                response = json_response_of(operation(request, *args, **kwargs))
                IdempotentRequest.objects.create(
                    user_id=actor(request).pk,
                    key=key,
                    fingerprint=fingerprint,
                    status=response.status_code,
                    body=response.content,
                )
        except IntegrityError:
            if earlier := _earlier(request, key, fingerprint):
                return earlier  # the same request won the race: its answer is ours
            raise
        return response

    return wrapped


def json_response_of(result: tuple[int, Any]) -> HttpResponse:
    status, data = result
    return json_response(data, status)


def _fingerprint(request: HttpRequest) -> str:
    # A token of fewer rights must not be told the answer that a wider one got.
    scopes = sorted(actor(request).token_scopes or ())
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()} {scopes}\n".encode())
    if request.FILES or request.POST:  # a parsed form: its raw body is gone
        digest.update(repr(sorted(request.POST.lists())).encode())
        for file in (one for name in request.FILES for one in request.FILES.getlist(name)):
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    else:
        digest.update(request.body)
    return digest.hexdigest()


def _earlier(request: HttpRequest, key: str, fingerprint: str) -> HttpResponse | None:
    row = IdempotentRequest.objects.filter(
        user_id=actor(request).pk, key=key, created_at__gt=timezone.now() - KEPT_FOR
    ).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise ConflictError(_("This Idempotency-Key was used for another request."))
    response = HttpResponse(bytes(row.body), status=row.status, content_type="application/json")
    response.headers["Idempotent-Replayed"] = "true"
    return response


@task(label="Forget old idempotency keys")
def forget_old_keys() -> None:
    _expired().delete()


def _expired() -> QuerySet[IdempotentRequest]:
    return IdempotentRequest.objects.filter(created_at__lte=timezone.now() - KEPT_FOR)
