"""Codes at sign-in: everybody for himself, administrators for those who lost theirs."""

from typing import Any

import segno
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from orbita.accounts import actions, policy
from orbita.accounts.forms import CodeForm
from orbita.accounts.middleware import without_second_factor
from orbita.accounts.models import SecondFactor, User
from orbita.accounts.views.common import accepted
from orbita.accounts.views.profile import me, own_page

TAB = "second-factor"


@without_second_factor
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """One's own factor: set it up, new recovery codes, turn it off."""
    steps = {"begin": _begin, "confirm": _confirm, "renew": _renew, "end": _end}
    if request.method == "POST":
        return steps.get(request.POST.get("do", ""), _begin)(request)
    return _shown(request, CodeForm())


def _shown(request: HttpRequest, form: CodeForm) -> HttpResponse:
    factor = actions.second_factor_of(me(request))
    return _page(
        request,
        form=form,
        factor=factor,
        left=len(factor.recovery) if factor else 0,
        needed=me(request).role.needs_second_factor and not me(request).passkeys.exists(),
        may_end=not me(request).role.needs_second_factor or me(request).passkeys.exists(),
    )


def _page(request: HttpRequest, **context: Any) -> HttpResponse:
    return own_page(request, TAB, context, "second_factor")


def _begin(request: HttpRequest) -> HttpResponse:
    try:
        factor = actions.begin_second_factor(actor=me(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("accounts:second-factor")
    return _being_set_up(request, factor, CodeForm())


def _being_set_up(request: HttpRequest, factor: SecondFactor, form: CodeForm) -> HttpResponse:
    code = segno.make(actions.address_for_app(factor), error="m")
    picture = mark_safe(code.svg_inline(omitsize=True, dark="#000", light="#fff", border=3))  # noqa: S308 – drawn here
    key = factor.secret.reveal()
    spaced = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
    return _page(request, form=form, picture=picture, key=spaced)


def _confirm(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"].replace(" ", "")
        codes = accepted(form, lambda: actions.confirm_second_factor(actor=me(request), code=code))
        if codes:
            return _page(request, codes=codes)
    factor = SecondFactor.objects.filter(user=me(request), confirmed_at=None).first()
    if factor is None:
        return redirect("accounts:second-factor")
    return _being_set_up(request, factor, form)


def _renew(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        codes = accepted(form, lambda: actions.renew_recovery_codes(actor=me(request), code=code))
        if codes:
            return _page(request, codes=codes)
    return _shown(request, form)


def _end(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        accepted(form, lambda: actions.end_second_factor(actor=me(request), code=code))
        if form.is_valid():
            messages.success(request, _("Codes are not asked any more."))
            return redirect("accounts:second-factor")
    return _shown(request, form)


@require_POST
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """For somebody who has lost his phone and his recovery codes."""
    policy.require(request.user, "accounts.manage")
    user = get_object_or_404(User.objects.people().select_related("role"), pk=pk)
    actions.reset_second_factor(actor=me(request), user=user)
    messages.success(request, _("Codes and passkeys are off; the person is signed out everywhere."))
    return redirect("accounts:user", pk=pk)
