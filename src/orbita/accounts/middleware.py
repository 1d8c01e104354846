from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

Next = Callable[[HttpRequest], HttpResponse]


def sign_in_required(get_response: Next) -> Next:
    """Closes every page to strangers unless its view says `@public`: deny by default."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(
        request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        if request.user.is_authenticated or getattr(view, "is_public", False):
            return None
        return redirect_to_login(request.get_full_path())

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def public(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Marks a view as open to anonymous visitors (or as checking the visitor itself)."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def personal_language_and_zone(get_response: Next) -> Next:
    """The user's own language and time zone; strangers get what their browser asks for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        language = (
            user.language
            if user.is_authenticated
            else translation.get_language_from_request(request)
        )
        zone = ZoneInfo(user.time_zone) if user.is_authenticated else None
        with translation.override(language), timezone.override(zone):
            request.LANGUAGE_CODE = language
            response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response

    return middleware
