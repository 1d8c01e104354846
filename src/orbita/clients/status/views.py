from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orbita.accounts import policy
from orbita.clients.forms import into_form
from orbita.clients.lists import CLIENTS
from orbita.clients.models import ClientMark, StatusRules
from orbita.clients.status import words
from orbita.clients.status.forms import RulesForm
from orbita.clients.status.ladder import KINDS, MARKS, RECORDED, STEP, Rules
from orbita.clients.status.marks import clear_mark, set_mark
from orbita.clients.status.settings import PERMISSION, change_rules, restore_rules
from orbita.clients.views.common import actor_of, client_or_404, form_page
from orbita.core.models import Company, Event
from orbita.ui import formats, toasts
from orbita.ui.lists import address_of
from orbita.ui.views import own_address


@form_page
def rules(request: HttpRequest) -> HttpResponse:
    """The rules in words for everybody who sees clients; their numbers for those who may."""
    actor = actor_of(request)
    policy.require(actor, "clients.view")
    row = StatusRules.current()
    may_edit = policy.allows(actor, PERMISSION)
    sign = formats.sign(Company.current().currency)
    if request.method == "POST":
        policy.require(actor, PERMISSION)
        form = RulesForm(request.POST, rules=row.rules, sign=sign)
        if form.is_valid():
            with into_form(form):
                event = change_rules(actor=actor, numbers=form.numbers, precedence=form.precedence)
                _tell(request, event)
                return redirect("clients:statuses")
    else:
        form = RulesForm(None, rules=row.rules, sign=sign)
    return render(
        request,
        "clients/statuses.html",
        {
            "form": form,
            "may_edit": may_edit,
            "steps": _steps(row.rules, form),
            "kinds": _kinds(row.rules),
            "stopping": words.rule_of_stopping(row.rules),
            "counting": row.pk and row.computed not in (0, row.version),
        },
        status=422 if form.errors else 200,
    )


def _steps(rules: Rules, form: RulesForm) -> list[dict[str, object]]:
    return [
        {
            "place": place,
            "css": STEP[name].css,
            "label": words.label(name, rules),
            "rule": words.rule_of_step(name, rules),
            "field": form[f"place_{name}"] if name != RECORDED else None,
            "url": address_of(CLIENTS, {"fact": "status", "op": "in", "value": [name]}),
        }
        for place, name in enumerate((*rules.precedence, RECORDED), 1)
    ]


def _kinds(rules: Rules) -> list[dict[str, object]]:
    return [
        {
            "place": place,
            "label": words.kind_label(name),
            "rule": words.rule_of_kind(name, rules),
            "url": address_of(CLIENTS, {"fact": "base_kind", "op": "in", "value": [name]}),
        }
        for place, name in enumerate(KINDS, 1)
    ]


def _tell(request: HttpRequest, event: Event | None) -> None:
    if event is None:
        toasts.info(request, _("Nothing was changed"))
        return
    toasts.success(
        request,
        _("Saved. The statuses are being counted anew."),
        undo=reverse("clients:statuses-undo", args=[event.pk]),
    )


@require_POST
def undo_rules(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    policy.require(actor, PERMISSION)
    event = get_object_or_404(
        Event.objects.select_related("payload"), pk=pk, kind="status_rules.changed"
    )
    restore_rules(actor=actor, event=event)
    toasts.success(request, _("The former rules are back."))
    return redirect("clients:statuses")


@require_POST
def mark(request: HttpRequest, pk: int, mark: str) -> HttpResponse:
    """Puts a mark of the ladder, or takes it off, with one click."""
    client = client_or_404(request, pk)
    actor = actor_of(request)
    policy.require(actor, "clients.edit", client)
    if mark not in MARKS:
        raise Http404
    label = ClientMark.Mark(mark).label
    try:
        if request.POST.get("do") == "clear":
            event = clear_mark(actor=actor, client=client, mark=mark)
            text = _("Mark taken off: %(mark)s") % {"mark": label}
        else:
            event = set_mark(actor=actor, client=client, mark=mark)
            text = _("Marked: %(mark)s") % {"mark": label}
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        if event:
            toasts.success(request, text, undo=reverse("clients:undo", args=[event.pk]))
        else:
            toasts.info(request, _("It is as it was already"))
    return HttpResponseRedirect(own_address(request, reverse("clients:card", args=[pk])))
