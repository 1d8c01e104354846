from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from orbita.accounts import devices
from orbita.accounts.actions import has_second_factor, record_kept_out
from orbita.accounts.addresses import kept_out_words, may_work_from
from orbita.accounts.models import User, UserSession
from orbita.accounts.policy import Denied
from orbita.accounts.sessions import SessionStore
from orbita.accounts.signin import EmailBackend, client_address

Next = Callable[[HttpRequest], HttpResponse]
View = Callable[..., HttpResponse]
# Often enough for the list of sessions, and no write on every request.
SEEN_EVERY = timedelta(minutes=5)


def _before_the_view(
    answer: Callable[[HttpRequest, View], HttpResponse | None],
) -> Callable[[Next], Next]:
    """A middleware of what may answer in place of the view that was found."""

    def factory(get_response: Next) -> Next:
        def middleware(request: HttpRequest) -> HttpResponse:
            return get_response(request)

        def process_view(
            request: HttpRequest, view: View, args: object, kwargs: object
        ) -> HttpResponse | None:
            return answer(request, view)

        middleware.process_view = process_view  # type: ignore[attr-defined]
        return middleware

    return factory


def kept_to_addresses(get_response: Next) -> Next:
    """Takes whoever comes from an address that his role does not work from for a stranger: a session
    that was begun inside shows nothing outside.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated and not may_work_from(user, client_address(request)):
            record_kept_out(user, address=client_address(request))
            request.kept_out = user  # type: ignore[attr-defined]
            request.user = AnonymousUser()
        return get_response(request)

    return middleware


# Where a session keeps whom its administrator looks at Orbita as.
SEEN_AS = "sees_as"


@_before_the_view
def seeing_as(request: HttpRequest, view: View) -> HttpResponse | None:
    """Answers an administrator as another person would be answered; nothing can be changed meanwhile."""
    wanted = request.session.get(SEEN_AS)
    if wanted is None or not request.user.is_authenticated:
        return None
    if getattr(view, "is_in_own_name", False):
        return None
    seen = EmailBackend().get_user(wanted) if request.user.role.is_administrator else None
    if seen is None:
        del request.session[SEEN_AS]
        return None
    if request.method not in ("GET", "HEAD"):
        raise PermissionDenied(
            _("You are looking as %(name)s: nothing can be changed.") % {"name": seen.name}
        )
    seen.seen_by = request.user
    request.user = seen
    return None


@_before_the_view
def sign_in_required(request: HttpRequest, view: View) -> HttpResponse | None:
    """Closes every page to strangers unless its view says `@public`: deny by default."""
    if request.user.is_authenticated or getattr(view, "is_public", False):
        return None
    if getattr(request, "kept_out", None):
        raise Denied(kept_out_words(client_address(request)))
    if request.headers.get("HX-Request"):
        # A redirect would put the sign-in page inside a piece of this one.
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url(settings.LOGIN_URL)})
    if request.method not in ("GET", "HEAD"):
        return redirect_to_login("/")
    return redirect_to_login(request.get_full_path())


@_before_the_view
def second_factor_required(request: HttpRequest, view: View) -> HttpResponse | None:
    """Lets nobody whose role signs in with codes any further before he has set them up."""
    user = request.user
    if not user.is_authenticated or user.seen_by or not user.role.needs_second_factor:
        return None
    if getattr(view, "is_without_second_factor", False) or has_second_factor(user):
        return None
    if request.method not in ("GET", "HEAD"):
        raise PermissionDenied(
            _("Your role signs in with a code or a passkey. Set one up to go on.")
        )
    return redirect("accounts:second-factor")


def without_second_factor(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Marks a view that answers before codes are set up."""
    view.is_without_second_factor = True  # type: ignore[attr-defined]
    return view


def in_own_name(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Marks a view that answers the administrator himself while he looks as somebody else."""
    view.is_in_own_name = True  # type: ignore[attr-defined]
    return view


def public(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Marks a view as open to anonymous visitors (or as checking the visitor itself)."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def personal_language_and_zone(get_response: Next) -> Next:
    """The user's own language and time zone; strangers get what their browser asks for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user: User | AnonymousUser = getattr(request, "kept_out", request.user)
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


def signed_in_traces(get_response: Next) -> Next:
    """Keeps the sessions list fresh, and pages of people who signed in out of every cache."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            _touch(request)
        response = get_response(request)
        devices.keep_mark(request, response)
        if request.user.is_authenticated and "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response

    return middleware


def _touch(request: HttpRequest) -> None:
    session, now = request.session, timezone.now()
    if not isinstance(session, SessionStore) or session.seen_at is None:
        return
    if now - session.seen_at < SEEN_EVERY:
        return
    UserSession.objects.filter(session_key=session.session_key).update(
        seen_at=now, address=client_address(request)
    )
    session["address"] = client_address(request)
    # Who works every day stays signed in: the session and its cookie last from now on again.
    day_gone = now + timedelta(seconds=settings.SESSION_COOKIE_AGE) - timedelta(days=1)
    session.modified = session.expire_date is None or session.expire_date < day_gone
