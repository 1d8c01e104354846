"""Pages for people who have not signed in: sign-in, set-up, invitation, new password."""

import math
import time
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, logout, user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from orbita.accounts import actions, signin
from orbita.accounts.forms import CodeForm, ForgotForm, PasswordForm, SetUpForm, SignInForm
from orbita.accounts.jobs import write_password_reset
from orbita.accounts.middleware import in_own_name, public, without_second_factor
from orbita.accounts.models import Invitation, User
from orbita.accounts.views import ceremony
from orbita.accounts.views.common import accepted, address_of, next_page, site_of
from orbita.accounts.views.entering import (
    SECOND_STEP,
    enter,
    is_let_in,
    note_failure,
    refusal,
    refusal_of_passkey,
    sign_in_now,
    sign_in_page,
)
from orbita.core.models import Job

MOST_WAITING_RESETS = 200
page = require_http_methods(["GET", "HEAD", "POST"])


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
            if entered := enter(request, user, following, failures):
                return entered
            # Counted like a wrong password: nobody learns from outside that it was the right one.
            _count_failure(request, email)
        note_failure(request, email)
        form.add_error(None, refusal())
    return sign_in_page(request, form, following)


@public
@never_cache
@require_POST
def passkey_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign-in with a passkey alone: it is both what a person has and what he knows or is."""
    following = next_page(request)
    if request.user.is_authenticated:
        return redirect(following)
    if request.POST.get("do") == "options":
        return ceremony.ask(
            request, ceremony.SIGN_IN, actions.ask_for_passkey(site=ceremony.here(request))
        )
    user = ceremony.whose(request, ceremony.SIGN_IN)
    if user and is_let_in(request, user):
        sign_in_now(request, user)
        return redirect(following)
    note_failure(request, "")
    return sign_in_page(request, SignInForm(), following, refusal_of_passkey())


@public
@never_cache
@sensitive_post_parameters("code")
@page
def second_step(request: HttpRequest) -> HttpResponse:
    """The second factor after the password was right: a code or a passkey. Wrong ones count as wrong
    passwords.
    """
    waiting = request.session.get(SECOND_STEP) or {}
    user = signin.EmailBackend().get_user(waiting.get("user", 0))
    if user is None or waiting["until"] < time.time() or not is_let_in(request, user):
        return redirect(settings.LOGIN_URL)
    if not AxesProxyHandler.is_allowed(request, {"username": user.email}):
        return locked_out(request, credentials={"username": user.email})
    do = request.POST.get("do", "code") if request.method == "POST" else ""
    if do == "options":
        site = ceremony.here(request)
        return ceremony.ask(request, ceremony.SECOND, actions.ask_for_passkey(site=site, user=user))
    form = CodeForm(request.POST if do == "code" else None)
    if do == "answer" or (do == "code" and form.is_valid()):
        if _has_proved(request, user, form):
            del request.session[SECOND_STEP]
            sign_in_now(request, user, waiting["failures"])
            return redirect(waiting["following"])
        _count_failure(request, user.email)
        note_failure(request, user.email)
        if do == "code":
            form.add_error("code", _("This code is not right."))
    context = {
        "form": form,
        "has_codes": actions.second_factor_of(user) is not None,
        "has_passkeys": user.passkeys.exists(),
        "refused": _("This passkey is not yours.") if do == "answer" else "",
    }
    return render(request, "accounts/second_step.html", context)


def _has_proved(request: HttpRequest, user: User, form: CodeForm) -> bool:
    if form.is_bound:
        return actions.take_code(user, form.cleaned_data["code"])
    return ceremony.whose(request, ceremony.SECOND, user) is not None


def _count_failure(request: HttpRequest, email: str) -> None:
    user_login_failed.send(sender=__name__, credentials={"username": email}, request=request)


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
            sign_in_now(request, user)
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
            answer = enter(request, user, next_page(request))
            messages.success(request, _("The password is set."))
            return answer or redirect(settings.LOGIN_URL)
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
