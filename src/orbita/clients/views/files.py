from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_safe

from orbita.clients import files
from orbita.clients.fields.values import is_closed_file
from orbita.clients.guarding import TROUBLES, sight
from orbita.clients.models import Attachment, Client, Note
from orbita.clients.views.common import actor_of
from orbita.ui.errors import error_page

# All files of a form together, with what the form itself weighs.
LARGEST_REQUEST = files.LARGEST * 2


def limited(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuses a request that is too large by its announced length, before anything of it is read.

    The check of the CSRF token reads the form, so it has to wait until after this one.
    """
    guarded = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > LARGEST_REQUEST:
            return error_page(
                request,
                413,
                _("The files are too large"),
                _("Together they may have %(n)s MB.") % {"n": LARGEST_REQUEST // 1024 // 1024},
            )
        return guarded(request, *args, **kwargs)

    return wrapper


@require_safe
def download(request: HttpRequest, pk: int) -> FileResponse:
    """A file of a client, always as a download: nothing that was attached ever runs here."""
    visible = Client.objects.visible_to(actor_of(request))
    attachment = get_object_or_404(
        Attachment.objects.filter(deleted_at=None, client__in=visible).exclude(
            note__deleted_at__isnull=False
        ),
        pk=pk,
    )
    if attachment.note_id is None and is_closed_file(attachment, request.user):
        raise Http404
    complaint = attachment.note and attachment.note.kind == Note.Kind.COMPLAINT
    if complaint and sight(request.user).hides(TROUBLES):
        raise Http404
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(
        content,
        as_attachment=True,
        filename=attachment.name,
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
