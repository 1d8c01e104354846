"""Pages for people who have not signed in: sign-in, set-up, invitation, new password."""

import math
import time
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import activate, get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from orbita.accounts import actions, signin
from orbita.accounts.forms import CodeForm, ForgotForm, PasswordForm, SetUpForm, SignInForm
from orbita.accounts.jobs import write_password_reset
from orbita.accounts.middleware import in_own_name, public, without_second_factor
from orbita.accounts.models import Invitation, User
from orbita.accounts.sessions import describe
from orbita.accounts.views.common import accepted, address_of, next_page, site_of
from orbita.core.models import Job

MOST_WAITING_RESETS = 200
# Where a session keeps who has given his password and owes the code; seconds he has for it.
SECOND_STEP, SECOND_STEP_LASTS = "second_step", 300
page = require_http_methods(["GET", "HEAD", "POST"])


def _enter(request: HttpRequest, user: User, following: str, failures: int = 0) -> HttpResponse:
    """Lets the user in, or asks him for the code of his second factor first."""
    if actions.second_factor_of(user):
        request.session[SECOND_STEP] = {
            "user": user.pk,
            "until": time.time() + SECOND_STEP_LASTS,
            "following": following,
            "failures": failures,
        }
        return redirect("accounts:second-step")
    _sign_in(request, user, failures)
    return redirect(following)


def _sign_in(request: HttpRequest, user: User, failures: int = 0) -> None:
    """Signs the user in under a fresh session key."""
    login(request, user, backend="orbita.accounts.signin.EmailBackend")
    activate(user.language)  # what is said from here on is for him, not for a stranger
    address, browser = signin.client_address(request), signin.browser_of(request)
    describe(request.session, address=address, browser=browser)
    actions.record_sign_in(user, address=address, browser=browser, failures=failures)
    _tell_failures(request, failures)


@public
@never_cache
@sensitive_post_parameters("password")
@page
def sign_in(request: HttpRequest) -> HttpResponse:
    following = next_page(request)
    if request.user.is_authenticated:
        return redirect(following)
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = signin.username_of(request)
        failures = signin.failures_before(email)
        user = authenticate(request, username=email, password=form.cleaned_data["password"])
        if isinstance(user, User):
            return _enter(request, user, following, failures)
        _note_failure(request, email)
        form.add_error(None, _("The e-mail or the password is wrong."))
    return render(request, "accounts/sign_in.html", {"form": form, "next": following})


@public
@never_cache
@sensitive_post_parameters("code")
@page
def second_step(request: HttpRequest) -> HttpResponse:
    """The code of the second factor, after the password was right. Wrong codes count as wrong passwords."""
    waiting = request.session.get(SECOND_STEP) or {}
    user = signin.EmailBackend().get_user(waiting.get("user", 0))
    if user is None or waiting["until"] < time.time():
        return redirect(settings.LOGIN_URL)
    credentials = {"username": user.email}
    if not AxesProxyHandler.is_allowed(request, credentials):
        return locked_out(request, credentials=credentials)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if actions.take_code(user, form.cleaned_data["code"]):
            del request.session[SECOND_STEP]
            _sign_in(request, user, waiting["failures"])
            return redirect(waiting["following"])
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        _note_failure(request, user.email)
        form.add_error("code", _("This code is not right."))
    return render(request, "accounts/second_step.html", {"form": form})


def _note_failure(request: HttpRequest, email: str) -> None:
    address, browser = signin.client_address(request), signin.browser_of(request)
    actions.record_failure(email, address=address, browser=browser)


def _tell_failures(request: HttpRequest, failures: int) -> None:
    if failures:
        text = ngettext(
            "Before you, %(count)s attempt to sign in with your e-mail failed today.",
            "Before you, %(count)s attempts to sign in with your e-mail failed today.",
            failures,
        )
        messages.info(request, text % {"count": failures})


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """Says when sign-in opens again; the same words whether there is such a user or not."""
    until = signin.locked_until(request, credentials)
    seconds = max(60, math.ceil((until - timezone.now()).total_seconds()))
    actions.record_lockout(
        signin.username_of(request, credentials),
        address=signin.client_address(request),
        lasts=signin.cool_off(),
    )
    answer = render(
        request,
        "accounts/locked_out.html",
        {"until": until, "minutes": math.ceil(seconds / 60)},
        status=429,
    )
    answer["Retry-After"] = str(seconds)
    return answer


@in_own_name
@without_second_factor
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    user = request.user
    logout(request)
    if isinstance(user, User):
        actions.record_sign_out(user)
    return redirect(settings.LOGIN_URL)


@public
@never_cache
@sensitive_post_parameters("password")
@page
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """The first administrator: works once in the life of a base."""
    link = actions.find_invitation(token)
    if link is None or link.purpose != Invitation.Purpose.SETUP or User.objects.people().exists():
        return render(request, "accounts/set_up_closed.html", status=410)
    form = SetUpForm(request.POST or None, initial={"time_zone": "Europe/Moscow"})
    if request.method == "POST" and form.is_valid():
        user = accepted(
            form,
            lambda: actions.set_up(
                token=token, language=(get_language() or "ru")[:2], **form.cleaned_data
            ),
        )
        if user:
            _sign_in(request, user)
            messages.success(request, _("Orbita is yours. Now load your clients from a file."))
            return redirect(address_of("import", "gateways:import", "gateways:upload", "home"))
    return render(request, "accounts/set_up.html", {"form": form})


@public
@never_cache
@sensitive_post_parameters("password")
@page
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invited or forgetful person chooses a password."""
    link = actions.find_invitation(token)
    if link is None or link.user is None:
        return render(request, "accounts/link_closed.html", status=410)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = accepted(
            form,
            lambda: actions.accept_invitation(token=token, password=form.cleaned_data["password"]),
        )
        if user:
            answer = _enter(request, user, next_page(request))
            messages.success(request, _("The password is set."))
            return answer
    return render(
        request,
        "accounts/invitation.html",
        {
            "form": form,
            "person": link.user,
            "is_new": link.purpose == Invitation.Purpose.INVITE,
        },
    )


@public
@never_cache
@page
def forgot(request: HttpRequest) -> HttpResponse:
    """Asks for a letter with a link; the answer is the same whether there is such a user or not."""
    form = ForgotForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        task = write_password_reset
        waiting = Job.objects.filter(task=task.module_path, status=Job.Status.QUEUED)
        if waiting[:MOST_WAITING_RESETS].count() < MOST_WAITING_RESETS:
            task.enqueue(form.cleaned_data["email"], site_of(request))
        return render(
            request,
            "accounts/forgot_sent.html",
            {"email": form.cleaned_data["email"], "has_mail": bool(settings.ORBITA_SMTP_URL)},
        )
    return render(request, "accounts/forgot.html", {"form": form})
