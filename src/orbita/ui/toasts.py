"""Short words after an action, with a way back instead of "are you sure"."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect as plain_redirect

_UNDO = "undo:"


@dataclass(frozen=True, slots=True)
class Toast:
    text: str
    level: str
    undo: str = ""


def success(request: HttpRequest, text: str, undo: str | None = None) -> None:
    """Says that it is done; `undo` is an address that takes it back when posted to."""
    messages.success(request, text, extra_tags=_UNDO + undo if undo else "")


def info(request: HttpRequest, text: str) -> None:
    messages.info(request, text)


def failure(request: HttpRequest, text: str) -> None:
    messages.error(request, text)


def waiting(request: HttpRequest) -> list[Toast]:
    """The toasts to show on this page; they are shown once."""
    if not hasattr(request, "_messages"):
        return []
    found = []
    for message in messages.get_messages(request):
        tags = str(message.extra_tags or "")
        found.append(
            Toast(
                text=str(message.message),
                level="bad" if message.level >= messages.ERROR else "",
                undo=tags.removeprefix(_UNDO) if tags.startswith(_UNDO) else "",
            )
        )
    return found


def redirect(request: HttpRequest, to: str) -> HttpResponse:
    """Goes on to a page after a form, out of a dialog too. `to` is a name or our own address."""
    response = plain_redirect(to)
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": response["Location"]})
    return response
