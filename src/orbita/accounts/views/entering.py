"""The last steps of every way in, whatever proved who it is: password, link, passkey."""

import time

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import activate, ngettext
from django.utils.translation import gettext as _

from orbita.accounts import actions, devices, signin
from orbita.accounts.addresses import may_work_from
from orbita.accounts.forms import SignInForm
from orbita.accounts.models import SignInProvider, User
from orbita.accounts.sessions import describe
from orbita.accounts.views.ceremony import here
from orbita.accounts.views.common import site_of

# Where a session keeps who has given his password and owes the second factor; seconds he has for it.
SECOND_STEP, SECOND_STEP_LASTS = "second_step", 300


def enter(
    request: HttpRequest, user: User, following: str, failures: int = 0
) -> HttpResponse | None:
    """Lets the user in, or asks for his second factor first; None when his role keeps him out here."""
    if not is_let_in(request, user):
        return None
    if actions.has_second_factor(user):
        request.session[SECOND_STEP] = {
            "user": user.pk,
            "until": time.time() + SECOND_STEP_LASTS,
            "following": following,
            "failures": failures,
        }
        return redirect("accounts:second-step")
    sign_in_now(request, user, failures)
    return redirect(following)


def is_let_in(request: HttpRequest, user: User) -> bool:
    """Whether the user's role lets him work from the address of the request; if not, on record."""
    address = signin.client_address(request)
    if may_work_from(user, address):
        return True
    actions.record_kept_out(user, address=address)
    return False


def sign_in_now(request: HttpRequest, user: User, failures: int = 0) -> None:
    """Signs the user in under a fresh session key."""
    is_first = user.last_login is None
    login(request, user, backend="orbita.accounts.signin.EmailBackend")
    activate(user.language)  # what is said from here on is for him, not for a stranger
    address, browser = signin.client_address(request), signin.browser_of(request)
    describe(request.session, address=address, browser=browser)
    actions.record_sign_in(user, address=address, browser=browser, failures=failures)
    actions.learn_device(
        user,
        mark=devices.mark_of(request) or devices.give_mark(request),
        address=address,
        browser=browser,
        site=site_of(request),
        is_first=is_first,
    )
    _tell_failures(request, failures)


def note_failure(request: HttpRequest, email: str) -> None:
    address, browser = signin.client_address(request), signin.browser_of(request)
    actions.record_failure(email, address=address, browser=browser)


def sign_in_page(
    request: HttpRequest,
    form: SignInForm,
    following: str,
    refused: str = "",
    refused_outside: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "next": following,
        "has_passkeys": here(request).has_passkeys,
        "refused": refused,
        "provider": SignInProvider.objects.filter(is_on=True).values("name").first(),
        "refused_outside": refused_outside,
    }
    return render(request, "accounts/sign_in.html", context)


def refusal() -> str:
    """Why a password lets nobody in: the same words for whatever was wrong."""
    if actions.some_role_is_kept_in():
        return _(
            "The e-mail or the password is wrong, or one may not sign in under it from this address."
        )
    return _("The e-mail or the password is wrong.")


def refusal_of_passkey() -> str:
    if actions.some_role_is_kept_in():
        return _("This passkey lets nobody in here, or not from this address.")
    return _("This passkey lets nobody in here.")


def _tell_failures(request: HttpRequest, failures: int) -> None:
    if failures:
        text = ngettext(
            "Before you, %(count)s attempt to sign in with your e-mail failed today.",
            "Before you, %(count)s attempts to sign in with your e-mail failed today.",
            failures,
        )
        messages.info(request, text % {"count": failures})
