"""One's own passkeys: made in the browser, renamed, removed."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from orbita.accounts import actions, signin
from orbita.accounts.forms import PasskeyForm, RemovePasskeyForm
from orbita.accounts.middleware import without_second_factor
from orbita.accounts.models import Passkey
from orbita.accounts.views import ceremony
from orbita.accounts.views.common import accepted, site_of
from orbita.accounts.views.profile import me, own_page

TAB = "passkeys"
page = require_http_methods(["GET", "HEAD", "POST"])


def _is_fresh(request: HttpRequest) -> bool:
    return actions.is_fresh(request.session.get("started"))


@without_second_factor
@never_cache
@sensitive_post_parameters("password")
@page
def passkeys(request: HttpRequest) -> HttpResponse:
    """The list, and the making of one more: `options` is asked by the script, `answer` brings it."""
    do = request.POST.get("do", "")
    if do == "options":
        return _begin(request)
    form = PasskeyForm(
        request.POST if do == "answer" else None,
        asks_password=do != "answer" and not _is_fresh(request),
    )
    if do == "answer" and form.is_valid():
        # That he is himself was proved before the question was put.
        state, answer = ceremony.asked(request, ceremony.NEW), ceremony.answer_of(request)
        added = accepted(
            form,
            lambda: actions.add_passkey(
                actor=me(request),
                site=ceremony.here(request),
                state=state or {},
                answer=answer or {},
                name=form.cleaned_data["name"],
            ),
        )
        if added:
            _tell(request, added)
            messages.success(request, _("The passkey is added: you can sign in with it now."))
            return redirect("accounts:passkeys")
    context = {
        "form": form,
        "passkeys": actions.passkeys_of(me(request)),
        "has_codes": actions.second_factor_of(me(request)) is not None,
        "needed": me(request).role.needs_second_factor,
        "site": ceremony.here(request),
    }
    return own_page(request, TAB, context)


def _begin(request: HttpRequest) -> HttpResponse:
    try:
        actions.require_himself(
            me(request), fresh=_is_fresh(request), password=request.POST.get("password", "")
        )
        question = actions.begin_passkey(actor=me(request), site=ceremony.here(request))
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    return ceremony.ask(request, ceremony.NEW, question)


def _tell(request: HttpRequest, passkey: Passkey) -> None:
    actions.tell_passkey_added(
        me(request),
        name=passkey.name,
        number=passkey.pk,
        address=signin.client_address(request),
        browser=signin.browser_of(request),
        site=site_of(request),
    )


@without_second_factor
@never_cache
@sensitive_post_parameters("password")
@page
def passkey(request: HttpRequest, pk: int) -> HttpResponse:
    """One of one's own: another name for it, or the end of it."""
    known = get_object_or_404(me(request).passkeys, pk=pk)
    do = request.POST.get("do", "")
    form = PasskeyForm(
        request.POST if do == "rename" else None, initial={"name": known.name}, asks_password=False
    )
    ending = RemovePasskeyForm(
        request.POST if do == "remove" else None, asks_password=not _is_fresh(request)
    )
    if do == "rename" and form.is_valid():
        actions.rename_passkey(actor=me(request), passkey=known, name=form.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return redirect("accounts:passkeys")
    if do == "remove" and ending.is_valid():
        password = ending.cleaned_data.get("password", "")

        def remove() -> bool:
            actions.require_himself(me(request), fresh=_is_fresh(request), password=password)
            actions.remove_passkey(actor=me(request), passkey=known)
            return True

        if accepted(ending, remove):
            messages.success(request, _("The passkey does not open your account any more."))
            return redirect("accounts:passkeys")
    context = {"form": form, "ending": ending, "passkey": known}
    return own_page(request, TAB, context, "passkey")
