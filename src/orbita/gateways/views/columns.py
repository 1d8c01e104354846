"""The one page between a file and its load: what it holds, what will come of it, what to change."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import policy
from orbita.clients.models import Client
from orbita.gateways import actions, forms, meanings
from orbita.gateways.imports import new_fields, own_cells
from orbita.gateways.imports.preview import Preview, PreviewColumn, PreviewRow
from orbita.gateways.imports.preview import preview as look_ahead
from orbita.gateways.models import Import, SavedMapping
from orbita.gateways.views.common import REFUSALS, me, own_import, sentence
from orbita.ui import formats, toasts

SHOWN_ROWS = 8
SHOWN_SAMPLES = 3
OUTCOMES = ("created", "updated", "unchanged", "rejected")


@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """What the file was taken for and what will happen; each change is reckoned at once."""
    row = own_import(request, pk)
    if row.status != Import.Status.DRAFT:
        return redirect("gateways:import-result", pk)
    error = ""
    if request.method == "POST":
        try:
            _configure(request, row, request.POST)
        except REFUSALS as problem:
            error = sentence(problem)
            row.refresh_from_db()
        else:
            if not request.headers.get("HX-Request"):
                return redirect("gateways:import-columns", pk)
    return _page(request, row, "gateways/columns.html", error, shown=SHOWN_ROWS)


@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that were looked at, one by one, with what would become of each."""
    row = own_import(request, pk)
    if row.status != Import.Status.DRAFT:
        return redirect("gateways:import-result", pk)
    return _page(request, row, "gateways/preview.html", shown=200, only=request.GET.get("only", ""))


@require_POST
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Starts the import as the form has it."""
    row = own_import(request, pk)
    try:
        if forms.is_posted(request.POST):
            _configure(request, row, request.POST)
        actions.start_import(actor=me(request), row=row)
    except REFUSALS as problem:
        toasts.failure(request, sentence(problem))
        return redirect("gateways:import-columns", pk)
    return redirect("gateways:import-result", pk)


def _configure(request: HttpRequest, row: Import, data: QueryDict) -> None:
    """What the form says, or what the set of columns chosen in it says."""
    if saved := data.get("saved", ""):
        known = SavedMapping.objects.visible_to(me(request))
        chosen = get_object_or_404(known, pk=int(saved) if saved.isdecimal() else 0)
        actions.configure_import(
            actor=me(request),
            row=row,
            mapping=chosen.mapping,
            match=chosen.match,
            on_match=chosen.on_match,
            source=chosen.source,
        )
        return
    actions.configure_import(actor=me(request), row=row, **forms.settings_of(data, row))


def _page(
    request: HttpRequest, row: Import, template: str, error: str = "", *, shown: int, only: str = ""
) -> HttpResponse:
    looked: Preview | None = None
    if row.mapping:
        try:
            looked = look_ahead(row, actor=me(request), shown=shown)
        except REFUSALS as problem:
            error = error or sentence(problem)
    elif not error:
        error = _("It was not possible to tell what the file holds.")
    context: dict[str, Any] = {"row": row, "error": error, "preview": looked}
    if looked:
        context |= _context(request, row, looked, only)
    context["saved"] = SavedMapping.objects.visible_to(me(request))
    return render(request, template, context, status=422 if error else 200)


def _context(request: HttpRequest, row: Import, looked: Preview, only: str) -> dict[str, Any]:
    kind = looked.mapping.kind
    new = meanings.new_fields(kind) if policy.allows(me(request), new_fields.PERMISSION) else {}
    rows = [each for each in looked.rows if only in ("", each.outcome) or (only == "noted" and each.noted)]  # fmt: skip
    return {
        "kind": meanings.KIND_LABELS[kind],
        "kinds": [
            (name, label, meanings.KIND_HELP[name], name == kind)
            for name, label in meanings.KIND_LABELS.items()
        ],
        "sheets": looked.sheets if len(looked.sheets) > 1 else [],
        "columns": [
            _column(column, kind, new)
            for column in looked.columns
            if column.label or column.samples
        ],
        "match": [
            (key, meanings.MATCH_LABELS[key], meanings.MATCH_HELP[key], key in row.match)
            for key in Import.Key.values
        ],
        "on_match": [
            (name, label, meanings.ON_MATCH_HELP[name], name == row.on_match)
            for name, label in meanings.ON_MATCH_LABELS.items()
        ],
        "totals": _totals(looked),
        "whole": looked.looked_at >= looked.total,
        "looked_at": formats.number(looked.looked_at),
        "reasons": looked.reasons,
        "notes": looked.notes,
        "earlier": looked.earlier,
        "rows": _rows(request, rows),
        "only": only,
        "filters": _filters(looked),
        "button": _button(looked),
        "has_meaning": bool(looked.mapping.columns),
        "alike": _alike(row, looked),
    }


def _totals(looked: Preview) -> list[tuple[str, str, str]]:
    """Outcome, number and word: «created», «198», «will be created»."""
    words = {
        "created": _("new"),
        "updated": _("will be supplemented"),
        "unchanged": _("already known"),
        "rejected": _("will be left out"),
    }
    exact = looked.looked_at >= looked.total
    return [
        (name, ("" if exact else "≈ ") + formats.number(looked.estimate.get(name, 0)), words[name])
        for name in OUTCOMES
    ]


def _alike(row: Import, looked: Preview) -> str:
    """How many rows look like known clients, when phones or e-mails could tell and are not asked."""
    by = {"phone", "email"}
    told = by & set(looked.mapping.columns.values()) and not by & set(row.match)
    if not (told and looked.noted and looked.mapping.kind in ("clients", "sales")):
        return ""
    words = ngettext(
        "%(n)s row repeats the phone or e-mail of somebody else",
        "%(n)s rows repeat the phone or e-mail of somebody else",
        looked.noted,
    )
    return words % {"n": formats.number(looked.noted)}


def _filters(looked: Preview) -> list[tuple[str, str, int]]:
    words = {
        "created": pgettext("rows", "New"),
        "updated": _("Supplemented"),
        "unchanged": _("Already known"),
        "rejected": _("Left out"),
        "noted": _("Worth a look"),
    }
    counts = looked.counts | {"noted": looked.noted}
    return [(name, word, counts[name]) for name, word in words.items() if counts.get(name)]


def _button(looked: Preview) -> str:
    taken = looked.total - looked.estimate.get("rejected", 0)
    return ngettext("Load %(n)s row", "Load %(n)s rows", taken) % {"n": formats.number(taken)}


def _column(column: PreviewColumn, kind: str, new: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "letter": column.letter,
        "label": column.label or _("Column %(letter)s") % {"letter": column.letter},
        "samples": " · ".join(shortly(text) for text in column.samples[:SHOWN_SAMPLES]),
        "id": f"column-{column.index}",
        "options": _options(column.field, kind, new),
        "used": bool(column.field),
    }


def shortly(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _options(chosen: str, kind: str, new: Mapping[str, Any]) -> SafeString:
    """The choices of one column, made in Python: there are a hundred in each of many columns."""
    found = [format_html('<option value="">{}</option>', _("— leave out —"))]
    found += _named(new.items(), chosen)
    groups = [(group, fields) for group, fields in meanings.offered(kind)]
    own = own_cells.labels(kind).items()
    groups += [(_OWN_FIELDS[subject], tuple(named.items())) for subject, named in own]
    for group, fields in groups:
        found.append(format_html('<optgroup label="{}">', group))
        found += _named(fields, chosen)
        found.append(SafeString("</optgroup>"))
    return mark_safe("".join(found))  # noqa: S308 - every part is escaped


def _named(fields: Iterable[tuple[str, Any]], chosen: str) -> list[SafeString]:
    return [
        format_html(
            '<option value="{}"{}>{}</option>', name, _SELECTED if name == chosen else "", label
        )
        for name, label in fields
    ]


_SELECTED = SafeString(" selected")
_OWN_FIELDS = {
    "client": gettext_lazy("Own fields"),
    "order": gettext_lazy("Own fields of the order"),
    "product": gettext_lazy("Own fields of the product"),
}


def _rows(request: HttpRequest, rows: Sequence[PreviewRow]) -> list[dict[str, Any]]:
    known = {row.client_id for row in rows if row.client_id}
    names = dict(
        Client.objects.visible_to(me(request)).filter(pk__in=known).values_list("pk", "name")
    )
    words = {
        "created": (pgettext("row", "new"), "good"),
        "updated": (pgettext("row", "supplements"), ""),
        "unchanged": (pgettext("row", "known"), "mute"),
        "rejected": (pgettext("row", "left out"), "bad"),
    }
    return [
        {
            "number": row.number,
            "word": words[row.outcome][0],
            "tone": words[row.outcome][1],
            "said": _said(row),
            "reason": row.reason,
            "noted": row.noted,
            "client": names.get(row.client_id or 0, ""),
            "url": card_url(row.client_id) if row.client_id in names else "",
        }
        for row in rows
    ]


def _said(row: PreviewRow) -> SafeString:
    """What was understood; of a rejected row, what stands in it."""
    if not row.read:
        return conditional_escape(shortly(" · ".join(cell for cell in row.cells if cell), 160))  # fmt: skip
    parts = [
        format_html('<span class="mute">{}:</span> {}', label, shortly(text, 60))
        if label
        else conditional_escape(shortly(text, 60))
        for label, text in row.read
        if text
    ]
    return mark_safe(", ".join(parts))  # noqa: S308 - every part is escaped


def card_url(client_id: int | None) -> str:
    """The address of a client's card; "" while the room of clients has no such page."""
    from django.urls import NoReverseMatch, reverse

    try:
        return reverse("clients:card", args=[client_id]) if client_id else ""
    except NoReverseMatch:
        return ""


@require_POST
def save_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Keeps the columns for files with the same headings."""
    row = own_import(request, pk)
    try:
        if forms.is_posted(request.POST):
            _configure(request, row, request.POST)
        saved = actions.save_mapping(actor=me(request), row=row, name=request.POST.get("name", ""))
    except REFUSALS as problem:
        toasts.failure(request, sentence(problem))
    else:
        words = _("Saved as “%(name)s”: files with the same headings will get these columns.")
        toasts.success(request, words % {"name": saved.name})
    return redirect("gateways:import-columns", pk)


@require_POST
def delete_columns(request: HttpRequest, pk: int, saved: int) -> HttpResponse:
    own_import(request, pk)
    chosen = get_object_or_404(SavedMapping.objects.visible_to(me(request)), pk=saved)
    actions.delete_mapping(actor=me(request), saved=chosen)
    toasts.success(request, _("The columns “%(name)s” are forgotten.") % {"name": chosen.name})
    return redirect("gateways:import-columns", pk)
