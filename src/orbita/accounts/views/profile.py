"""What people do with their own account."""

import hashlib
from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import actions
from orbita.accounts.browsers import browser_words
from orbita.accounts.forms import ChangePasswordForm, ProfileForm, TokenForm
from orbita.accounts.models import ApiToken, User, UserSession
from orbita.accounts.tabs import PROFILE_TABS
from orbita.accounts.views.common import accepted, tabbed

page = require_http_methods(["GET", "HEAD", "POST"])


def own_page(
    request: HttpRequest, tab: str, context: dict[str, Any], template: str = ""
) -> HttpResponse:
    return tabbed(request, tab, context | {"tabs": PROFILE_TABS}, template)


def me(request: HttpRequest) -> User:
    return cast(User, request.user)


@page
def profile(request: HttpRequest) -> HttpResponse:
    user = me(request)
    kept = {name: getattr(user, name) for name in ("name", "language", "theme", "time_zone")}
    form = ProfileForm(request.POST or None, initial=kept)
    if request.method == "POST" and form.is_valid():
        if accepted(form, lambda: actions.change_preferences(actor=user, **form.cleaned_data)):
            with override(user.language):
                messages.success(request, _("Saved."))
            return redirect("accounts:profile")
        user.refresh_from_db()
    return own_page(request, "profile", {"form": form})


@sensitive_post_parameters("old", "new")
@page
def password(request: HttpRequest) -> HttpResponse:
    form = ChangePasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data

        def change() -> bool:
            actions.change_password(
                actor=me(request),
                old=given["old"],
                new=given["new"],
                keep=request.session.session_key,
            )
            return True

        if accepted(form, change):
            update_session_auth_hash(request, me(request))
            messages.success(request, _("The password is changed; other devices are signed out."))
            return redirect("accounts:password")
    return own_page(request, "password", {"form": form})


def mark_of(session: UserSession) -> str:
    """Names a session on pages: its key opens the account and is never shown."""
    return hashlib.sha256(f"session {session.session_key}".encode()).hexdigest()[:20]


@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    own = me(request).sessions.filter(expire_date__gt=timezone.now()).order_by("-seen_at")[:100]
    rows = [
        {
            "mark": mark_of(session),
            "browser": browser_words(session.browser),
            "address": session.address,
            "created_at": session.created_at,
            "seen_at": session.seen_at,
            "is_this": session.session_key == request.session.session_key,
        }
        for session in own
    ]
    return own_page(request, "sessions", {"sessions": rows})


@require_POST
def end_session(request: HttpRequest, mark: str) -> HttpResponse:
    for session in me(request).sessions.all():
        if mark_of(session) == mark:
            actions.end_session(actor=me(request), session=session)
            messages.success(request, _("The session is ended."))
            return redirect("accounts:sessions")
    raise Http404


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    count = actions.end_other_sessions(actor=me(request), keep=request.session.session_key)
    text = ngettext("%(count)s session is ended.", "%(count)s sessions are ended.", count)
    messages.success(request, text % {"count": count})
    return redirect("accounts:sessions")


@never_cache
@page
def tokens(request: HttpRequest) -> HttpResponse:
    """The list; after making one, also its secret, which is never shown again."""
    form = TokenForm(request.POST or None, initial={"scopes": ["read"]})
    secret = ""
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        made = accepted(
            form,
            lambda: actions.create_token(
                actor=me(request),
                user=me(request),
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
            ),
        )
        if made:
            secret = made[1]
            form = TokenForm(initial={"scopes": ["read"]})
    own = [
        {"token": token, "allowed": actions.scope_words(token.scopes)}
        for token in ApiToken.objects.filter(user=me(request), revoked_at=None)[:200]
    ]
    context = {"form": form, "secret": secret, "tokens": own, "now": timezone.now()}
    return own_page(request, "tokens", context)


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk, user=me(request))
    actions.revoke_token(actor=me(request), token=token)
    messages.success(request, _("The token does not work any more."))
    return redirect("accounts:tokens")
