"""Work on the selected clients that needs a word first: whom to, which tag, which segment."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients import actions
from orbita.clients.forms import AssignForm, TagForm, ToSegmentForm, into_form
from orbita.clients.lists import CLIENTS, say
from orbita.clients.models import Segment
from orbita.clients.views.common import actor_of
from orbita.ui import formats, toasts
from orbita.ui.lists import Selection, SelectionError, selection_of


def _page(
    request: HttpRequest,
    form: Form,
    title: str,
    button: str,
    work: Callable[[Selection], None],
) -> HttpResponse:
    """Shows the form for the selection, or does the work once the form is filled in."""
    back = reverse("clients:list")
    try:
        selection = selection_of(request, CLIENTS)
    except SelectionError as error:
        toasts.failure(request, str(error))
        return redirect(back)
    count = selection.count()
    if not count:
        toasts.failure(request, _("None of the selected clients is there for you any more"))
        return redirect(back + selection.query)
    if "go" in request.POST and form.is_valid():
        with into_form(form):
            work(selection)
            return redirect(back + selection.query)
    words = ngettext("%(n)s client", "%(n)s clients", count) % {"n": formats.number(count)}
    return render(
        request,
        "clients/bulk.html",
        {
            "form": form,
            "title": title,
            "button": button,
            "count": words,
            "selection": selection,
            "back": back + selection.query,
        },
        status=422 if form.errors else 200,
    )


def _data(request: HttpRequest) -> dict[str, str] | None:
    return request.POST.dict() if "go" in request.POST else None


@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "clients.edit")
    form = AssignForm(_data(request))

    def work(selection: Selection) -> None:
        chosen = form.cleaned_data["responsible"]
        people = User.objects.people()
        person = None if chosen == "nobody" else get_object_or_404(people, pk=chosen)
        result = actions.assign_responsible(
            actor=actor_of(request),
            client_ids=selection.ids(),
            responsible=person,
            reason=form.cleaned_data["reason"],
        )
        say(
            request,
            result,
            ngettext(
                "%(n)s client has another responsible",
                "%(n)s clients have another responsible",
                result.changed,
            ),
        )

    return _page(request, form, _("Who is responsible"), _("Assign"), work)


@require_POST
def tag(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "clients.edit")
    form = TagForm(_data(request))

    def work(selection: Selection) -> None:
        change = actions.remove_tag if form.cleaned_data["remove"] else actions.add_tag
        result = change(
            actor=actor_of(request), client_ids=selection.ids(), tag=form.cleaned_data["tag"]
        )
        say(
            request,
            result,
            ngettext(
                "The tag of %(n)s client was changed",
                "The tags of %(n)s clients were changed",
                result.changed,
            ),
        )

    return _page(request, form, _("Tag"), _("Save"), work)


@require_POST
def to_segment(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "segments.edit")
    actor = actor_of(request)
    own = [
        segment
        for segment in Segment.objects.visible_to(actor)
        if policy.allows(actor, "segments.edit", segment)
    ]
    form = ToSegmentForm(_data(request), segments=own)

    def work(selection: Selection) -> None:
        chosen = form.cleaned_data["segment"]
        segment = next((one for one in own if str(one.pk) == chosen), None)
        ids = list(selection.ids())
        if segment is None:
            rule = {"fact": "number", "op": "in", "value": ids}
            name = form.cleaned_data["name"]
            segment = actions.create_segment(actor=actor, name=name, rule=rule, is_shared=False)
        else:
            try:
                actions.add_to_segment(actor=actor, segment=segment, client_ids=ids)
            except ValidationError as error:
                raise ValidationError(error.messages) from None
        toasts.success(request, _("They are in the segment “%(name)s”") % {"name": segment.name})

    return _page(request, form, _("To a segment"), _("Add to the segment"), work)
