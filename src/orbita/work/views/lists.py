"""The list of deals, their bin, and work on many at once."""

from datetime import UTC, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.forms import people_choices
from orbita.ui import formats, toasts
from orbita.ui.forms import UiForm
from orbita.ui.lists import SelectionError, list_page, selection_of
from orbita.work import actions, lists
from orbita.work.lists import user_of

list_methods = require_http_methods(["GET", "HEAD", "POST"])


@list_methods
def deals(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "deals.view")
    return list_page(request, lists.DEALS)


@list_methods
def deals_bin(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "deals.delete")
    return list_page(request, lists.DEALS_BIN)


@require_POST
def deals_undelete(request: HttpRequest, moment: int) -> HttpResponse:
    """Takes back one deletion of many deals, named by its moment in microseconds."""
    count = actions.restore_deals(actor=user_of(request), deleted_at=_moment(moment))
    words = ngettext("%(n)s deal restored", "%(n)s deals restored", count) % {"n": count}
    toasts.success(request, words)
    return toasts.redirect(request, reverse("work:deals"))


class AssignForm(UiForm):
    responsible = forms.ChoiceField(label=gettext_lazy("Responsible"))

    def __init__(self, data: dict[str, str] | None) -> None:
        super().__init__(data)
        self.fields["responsible"].choices = people_choices("—")  # type: ignore[attr-defined]


@require_POST
def deals_assign(request: HttpRequest) -> HttpResponse:
    """Asks whom the selected deals go to, and gives them to him."""
    policy.require(request.user, "deals.edit")
    back = reverse("work:deals")
    try:
        selection = selection_of(request, lists.DEALS)
    except SelectionError as error:
        toasts.failure(request, str(error))
        return redirect(back)
    back += selection.query
    count = selection.count()
    if not count:
        toasts.failure(request, _("None of the selected deals is there for you any more"))
        return redirect(back)
    form = AssignForm(request.POST.dict() if "go" in request.POST else None)
    if form.is_valid():
        person = get_object_or_404(User.objects.people(), pk=form.cleaned_data["responsible"])
        try:
            done = actions.assign_deals(
                actor=user_of(request), deals=selection.queryset, responsible=person
            )
        except ValidationError as error:
            form.add_error("responsible", error.messages)
        else:
            words = ngettext(
                "%(n)s deal has another responsible",
                "%(n)s deals have another responsible",
                done,
            )
            toasts.success(request, words % {"n": formats.number(done)})
            return redirect(back)
    words = ngettext("%(n)s deal", "%(n)s deals", count) % {"n": formats.number(count)}
    context = {"form": form, "selection": selection, "count": words, "back": back}
    return render(request, "work/deals_assign.html", context, status=422 if form.errors else 200)


def _moment(microseconds: int) -> datetime:
    try:
        whole, part = divmod(microseconds, 1_000_000)
        return datetime.fromtimestamp(whole, tz=UTC).replace(microsecond=part)
    except (OverflowError, ValueError, OSError):
        raise Http404 from None
