"""Quality in the list of clients: columns and views."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orbita.clients.lists import say
from orbita.clients.models import Client
from orbita.clients.quality import actions
from orbita.clients.quality.problems import TROUBLES
from orbita.clients.quality.rule_facts import AGAIN
from orbita.core.rules import LONGEST_LIST
from orbita.ui import charts, formats, toasts
from orbita.ui.lists import BuiltinView, BulkAction, Column, Look, Selection, SortKey


def _completeness(client: Client, look: Look) -> SafeString | str:
    share = client.facts.completeness
    if share is None:
        return formats.DASH
    label = _("%(share)s filled in") % {"share": formats.percent(share / 100)}
    return format_html(
        '<span class="o-share">{}{}</span>',
        charts.meter(share / 100, label),
        formats.percent(share / 100),
    )


def trouble_words(bits: int | None) -> list[str]:
    """The names of the problems whose bits are set."""
    return [str(trouble.label) for trouble in TROUBLES if (bits or 0) & trouble.bit]


COMPLETENESS = Column(
    "completeness",
    gettext_lazy("Completeness"),
    _completeness,
    sort=SortKey("facts__completeness", nullable=True, tie="facts__client_id", inner=True),
    numeric=True,
    default=False,
    prepare=lambda rows: rows.select_related("facts"),
    value=lambda client, look: client.facts.completeness,
)
PROBLEMS = Column(
    "problems",
    gettext_lazy("To put right"),
    lambda client, look: formats.listed(trouble_words(client.facts.problems)),
    css="c-cut",
    default=False,
    prepare=lambda rows: rows.select_related("facts"),
)
CHECK_ON = Column(
    "check_on",
    gettext_lazy("Check the data from"),
    lambda client, look: formats.short_day(client.facts.check_on, look.today),
    sort=SortKey("facts__check_on", nullable=True, tie="facts__client_id", inner=True),
    default=False,
    prepare=lambda rows: rows.select_related("facts"),
    value=lambda client, look: client.facts.check_on,
)


def _put_right(request: HttpRequest, selection: Selection) -> HttpResponse:
    """Takes what is offered for the selected cards: a repair of its own, with the way back."""
    back = reverse("clients:list") + selection.query
    ids = list(selection.queryset.order_by("pk").values_list("pk", flat=True)[: LONGEST_LIST + 1])
    if len(ids) > LONGEST_LIST:
        toasts.failure(
            request,
            _("Choose at most %(n)s clients, or repair from the state of the base.")
            % {"n": formats.number(LONGEST_LIST)},
        )
        return redirect(back)
    rule = {"fact": "number", "op": "in", "value": ids}
    repair = actions.request_repair(actor=request.user, rule=rule)  # type: ignore[arg-type]
    return redirect("clients:repair-result", pk=repair.pk)


def _confirm(request: HttpRequest, selection: Selection) -> HttpResponse:
    result = actions.confirm_many(actor=request.user, client_ids=selection.ids())  # type: ignore[arg-type]
    words = ngettext(
        "The contacts of %(n)s client are confirmed",
        "The contacts of %(n)s clients are confirmed",
        result.changed,
    )
    say(request, result, words)
    return redirect(reverse("clients:list") + selection.query)


PUT_RIGHT = BulkAction(
    "put_right", gettext_lazy("Put right"), "check", "clients.edit", handler=_put_right
)
CONFIRM = BulkAction(
    "confirm", gettext_lazy("Contacts confirmed"), "phone", "clients.edit", handler=_confirm
)
VIEWS = (
    BuiltinView(
        "problems",
        gettext_lazy("To put right"),
        {"fact": "problem", "op": "filled"},
        columns=("name", "status", "problems", "completeness", "responsible", "call"),
    ),
    BuiltinView(
        "look_again",
        gettext_lazy("To look at again"),
        {"fact": "dead", "op": "in", "value": [AGAIN]},
    ),
)
