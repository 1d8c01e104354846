"""Sign-in by the server outside: the way there, the way back, and its settings."""

import logging
import time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import actions, openid
from orbita.accounts.actions.roles import require_administrator
from orbita.accounts.actions.single_sign_on import StrangerError
from orbita.accounts.forms import ProviderForm, SignInForm
from orbita.accounts.middleware import public
from orbita.accounts.models import SignInProvider, User
from orbita.accounts.views.common import accepted, next_page, site_of, tabbed
from orbita.accounts.views.entering import enter, note_failure, sign_in_page
from orbita.accounts.views.profile import me

TAB = "single-sign-on"
ASKED, LASTS = "openid_asked", 600  # seconds that a person has at the provider's
logger = logging.getLogger(__name__)


def _back_address(request: HttpRequest) -> str:
    return site_of(request).rstrip("/") + reverse("accounts:openid-back")


def _provider() -> SignInProvider | None:
    return SignInProvider.objects.filter(is_on=True).defer("client_secret").first()


@public
@never_cache
@require_safe
def openid_begin(request: HttpRequest) -> HttpResponse:
    """Sends the browser to the provider. A link: a form may not lead to another server (CSP)."""
    following, provider = next_page(request), _provider()
    if request.user.is_authenticated or provider is None:
        return redirect(following)
    try:
        address, asked = openid.question(provider, _back_address(request))
    except openid.OpenIdError as error:
        return _refused(request, provider, following, str(error))
    request.session[ASKED] = {
        "asked": asked.kept(),
        "until": time.time() + LASTS,
        "following": following,
    }
    return HttpResponseRedirect(address)


@public
@never_cache
@require_safe
def openid_back(request: HttpRequest) -> HttpResponse:
    """The browser's return with a code, good once and for this session alone."""
    kept, provider = request.session.pop(ASKED, None), _provider()
    # Written now: whatever goes wrong later, the question is gone.
    request.session.save()
    if request.user.is_authenticated:
        return redirect(next_page(request))
    if provider is None or not kept or kept["until"] < time.time():
        return redirect("accounts:sign-in")
    following, asked = kept["following"], openid.Asked(**kept["asked"])
    try:
        claims = openid.claims_of(provider, asked, request.GET.dict(), _back_address(request))
        entered = enter(request, actions.person_of(provider, claims), following)
    except (openid.OpenIdError, StrangerError) as error:
        return _refused(request, provider, following, str(error))
    return entered or _refused(request, provider, following, "kept out by the address")


def _refused(
    request: HttpRequest, provider: SignInProvider, following: str, why: str
) -> HttpResponse:
    """The same words whatever was wrong: who has an account is not told."""
    logger.warning("sign-in by %s was refused: %s", provider.name, why)
    note_failure(request, "")
    text = _("%(name)s did not let you in here. Ask the administrator.") % {"name": provider.name}
    return sign_in_page(request, SignInForm(), following, refused_outside=text)


@never_cache
@sensitive_post_parameters("client_secret")
@require_http_methods(["GET", "HEAD", "POST"])
def single_sign_on(request: HttpRequest) -> HttpResponse:
    """The settings of the provider."""
    require_administrator(me(request))
    known = actions.the_provider()
    form = ProviderForm(request.POST or None, provider=known)
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = form.given()
        if accepted(form, lambda: actions.save_provider(actor=me(request), **given)):
            messages.success(request, _("Saved."))
            return redirect("accounts:single-sign-on")
    context = {"form": form, "provider": known, "back_address": _back_address(request)}
    return tabbed(request, TAB, context, "single_sign_on")


@require_POST
def forget_identities(request: HttpRequest, pk: int) -> HttpResponse:
    require_administrator(me(request))
    user = get_object_or_404(User.objects.people(), pk=pk)
    actions.forget_identities(actor=me(request), user=user)
    messages.success(request, _("Untied; the next sign-in goes by the e-mail again."))
    return redirect("accounts:user", pk=pk)
