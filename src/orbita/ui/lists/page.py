"""The page of a list: one view function for every room."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.accounts import policy, watching
from orbita.core.rules import RuleError
from orbita.ui import actions, formats, toasts
from orbita.ui.lists import conditions
from orbita.ui.lists.paging import Page, page_of
from orbita.ui.lists.rows import prepared, render_rows
from orbita.ui.lists.selection import SelectionError, selection_of
from orbita.ui.lists.spec import EXPORTERS, BulkAction, Button, Column, ListSpec, Rows
from orbita.ui.lists.state import State, View, matching
from orbita.ui.menu import address, permitted
from orbita.ui.models import SavedView

# A page must not wait for its count: beyond this it says "1 000+" until the counts arrive.
QUICK_COUNT = 1000


@dataclass(frozen=True, slots=True)
class Header:
    column: Column
    url: str
    order: str

    @property
    def css(self) -> str:
        return " ".join(x for x in (self.column.css, "num" if self.column.numeric else "") if x)


class ListPage:
    """What the template of a list reads. Raises `RuleError` for a filter that cannot be read."""

    def __init__(self, request: HttpRequest, spec: ListSpec, state: State) -> None:
        self._request = request
        self.spec = spec
        self.state = state

    @cached_property
    def page(self) -> Page:
        return page_of(
            prepared(self.state.matching, self.state.columns),
            self.state.key,
            descending=self.state.descending,
            size=self.spec.page_size,
            cursor=self.state.cursor,
        )

    @property
    def rows(self) -> str:
        try:
            return render_rows(self.spec, self.state.columns, self.page.items, self._request.user)
        except ObjectDoesNotExist as error:
            # A template would take it for no rows at all.
            raise RuntimeError(f"a cell of the list {self.spec.name} found no {error}") from error

    @cached_property
    def total(self) -> int:
        """How many rows fit, counted no further than one beyond `total_limit`."""
        page = self.page
        if page.previous is None and page.next is None:
            return len(page.items)
        return bounded_count(self.state.matching, self.total_limit)

    @property
    def total_limit(self) -> int:
        """With the page the count stops early; the request for the counts takes it further."""
        partial = self._request.GET.get("part") in ("rows", "counts")
        limit = self.spec.count_limit
        return limit if partial else min(QUICK_COUNT, limit)

    @property
    def total_text(self) -> str:
        return formats.bounded(self.total, self.total_limit)

    @property
    def shown_from(self) -> int:
        """The number of the first row on the screen: "Show more" adds rows below earlier ones."""
        start = self._request.GET.get("from", "")
        position = self.page.position
        return min(int(start), position) if start.isdecimal() and len(start) < 10 else position

    @property
    def range_text(self) -> str:
        """«1–25 из 214»."""
        words = _("%(first)s–%(last)s of %(total)s") % {
            "first": "{first}",
            "last": "{last}",
            "total": "{total}",
        }
        return format_html(
            words,
            first=formats.number(self.shown_from),
            last=formats.number(self.page.position + len(self.page.items) - 1),
            total=format_html('<span id="o-of">{}</span>', self.total_text),
        )

    @property
    def headers(self) -> list[Header]:
        found = []
        for column in self.state.columns:
            url = order = ""
            if column.sort:
                current = column.name == self.state.sort.name
                descending = not self.state.descending if current else column.sort.descending_first
                url = self.state.query(sort=("-" if descending else "") + column.name)
                if current:
                    order = "descending" if self.state.descending else "ascending"
            found.append(Header(column, url, order))
        return found

    @property
    def next_url(self) -> str:
        return self.state.query(**self.state.at(self.page.next)) if self.page.next else ""

    @property
    def previous_url(self) -> str:
        return self.state.query(**self.state.at(self.page.previous)) if self.page.previous else ""

    @property
    def more_url(self) -> str:
        at = self.state.at(self.page.next)
        return self.state.query(part="rows", **at, **{"from": self.shown_from})

    # A template would call these functions of the spec, so it asks whether they are there.
    @property
    def is_searchable(self) -> bool:
        return self.spec.search is not None

    @property
    def has_foot(self) -> bool:
        return self.spec.foot is not None

    @property
    def more_text(self) -> str:
        size = self.spec.page_size
        return ngettext("Show %(n)s more", "Show %(n)s more", size) % {"n": size}

    @property
    def counts_url(self) -> str:
        return self.state.query(part="counts")

    @property
    def add_url(self) -> str:
        return self.state.query(add="")

    @property
    def clear_url(self) -> str:
        return self.state.query(rule={}, text="")

    @property
    def here(self) -> str:
        return self.state.query()

    @property
    def tabs(self) -> list[tuple[View, str, bool]]:
        default = self.state.views.default
        return [
            (
                view,
                "?" if view.key == default else f"?view={view.key}",
                view.key == self.state.view.key,
            )
            for view in self.state.views.tabs
        ]

    @property
    def chips(self) -> list[tuple[Any, str, str]]:
        return [
            (chip, self.state.without(chip.index), self.state.query(edit=chip.index))
            for chip in self.state.chips
        ]

    @property
    def column_choices(self) -> list[tuple[Column, bool]]:
        shown = {column.name for column in self.state.columns}
        return [
            (column, column.name in shown)
            for column in self.spec.columns_for(self._request.user)
            if not column.fixed and "c-call" not in column.css
        ]

    @property
    def view_is_editable(self) -> bool:
        saved, user = self.state.view.saved, self.state.actor
        return saved is not None and (
            saved.owner_id == user.pk or (saved.is_shared and user.role.is_administrator)
        )

    @property
    def view_is_default(self) -> bool:
        return self.state.view.key == self.state.views.default

    @property
    def may_share(self) -> bool:
        return policy.allows(self._request.user, "ui.share_views")

    @property
    def buttons(self) -> list[Button]:
        return self._open(self.spec.buttons)

    @property
    def empty_buttons(self) -> list[Button]:
        return self._open(self.spec.empty.buttons)

    def _open(self, buttons: Any) -> list[Button]:
        user = self._request.user
        found = [one for one in buttons if permitted(user, one.permission) and one.url]
        return sorted(found, key=lambda one: one.primary)  # the filled one stands at the end

    @cached_property
    def bulk(self) -> list[tuple[BulkAction, str]]:
        """The bulk actions open to the user, with the address each posts to."""
        found = [
            (action, (address(action.url_name) or "") + self.here if action.url_name else "")
            for action in self.spec.bulk
            if permitted(self._request.user, action.permission)
        ]
        if self.spec.bulk:
            found += [
                (BulkAction(f"export-{exporter.name}", exporter.short, exporter.icon), url)
                for exporter, url in self.exports
                if exporter.short
            ]
        return found

    @property
    def exports(self) -> list[tuple[Any, str]]:
        if not self.spec.export or not permitted(self._request.user, self.spec.export):
            return []
        return [
            (exporter, reverse(exporter.url_name, args=[self.spec.name]) + self.here)
            for exporter in EXPORTERS
        ]


def bounded_count(queryset: Rows, limit: int) -> int:
    """How many rows there are, or one more than the limit."""
    return int(queryset.order_by()[: limit + 1].count())


def list_page(
    request: HttpRequest,
    spec: ListSpec,
    *,
    template: str = "ui/list.html",
    context: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Shows a list, or does what its forms ask: save a view, choose columns, work on a selection."""
    if request.method == "POST":
        return _post(request, spec)
    state = State(spec, request.user, request.GET.dict())
    page = ListPage(request, spec, state)
    part = request.GET.get("part")
    if part == "counts":
        return _counts(request, page)
    form = None
    if spec.subject and conditions.is_asked_for(request.GET):
        form = conditions.read_form(state, request.GET)
        if "apply" in request.GET:
            try:
                return HttpResponseRedirect(request.path + form.applied())
            except RuleError as error:
                form.error = str(error)
    if part == "condition":
        return render(request, "ui/_condition.html", {"form": form, "list": page})
    try:
        state.matching  # noqa: B018 — a filter that cannot be read shows before anything is drawn
    except RuleError as error:
        return render(
            request,
            template,
            {"list": page, "spec": spec, "form": form, "error": str(error), **(context or {})},
            status=400,
        )
    if spec.personal:
        watching.note_rows(request.user, len(page.page.items))
    name = "ui/_list_rows.html" if part == "rows" else template
    return render(request, name, {"list": page, "spec": spec, "form": form, **(context or {})})


def _counts(request: HttpRequest, page: ListPage) -> HttpResponse:
    """The numbers beside the views, and the sum in the foot: read after the page is shown."""
    found = []
    for view in page.state.views.tabs:
        try:
            count = bounded_count(
                matching(page.spec, request.user, view.rule, view.text), page.spec.count_limit
            )
        except RuleError:
            continue
        text = formats.bounded(count, page.spec.count_limit)
        found.append(
            f'<span id="count-{escape(view.key)}" hx-swap-oob="true">{escape(text)}</span>'
        )
    with suppress(RuleError):
        found += _further_totals(page)
    # A filter that cannot be read is told about on the page itself, and a list without rows has no foot.
    with suppress(RuleError):
        if page.spec.foot and page.page.items:
            words = page.spec.foot(page.state.matching, request.user)
            found.append(f'<span id="o-total" hx-swap-oob="true">{escape(words)}</span>')
    return HttpResponse("".join(found))


def _further_totals(page: ListPage) -> list[str]:
    """The total in its places on the page, when the page stopped counting early."""
    if page.total <= min(QUICK_COUNT, page.spec.count_limit):
        return []
    places = ["o-of", "o-found", *(["o-every"] if page.bulk else [])]
    return [
        f'<span id="{place}" hx-swap-oob="innerHTML">{escape(page.total_text)}</span>'
        for place in places
    ]


# ---- what the forms of a list do ----


def _post(request: HttpRequest, spec: ListSpec) -> HttpResponse:
    doing = {
        "columns": _choose_columns,
        "save": _save_view,
        "update": _update_view,
        "delete": _delete_view,
        "default": _choose_default,
        "bulk": _work_on_selection,
    }.get(request.POST.get("do", ""))
    if doing is None:
        return HttpResponseBadRequest("?")
    return doing(request, spec, State(spec, request.user, request.GET.dict()))


def _back(request: HttpRequest, query: str) -> HttpResponse:
    return HttpResponseRedirect(request.path + query)


def _choose_columns(request: HttpRequest, spec: ListSpec, state: State) -> HttpResponse:
    wanted = set(request.POST.getlist("columns"))
    # What stands on a phone only is never offered, so it always stays.
    names = [
        column.name
        for column in spec.columns_for(state.actor)
        if column.name in wanted or "c-call" in column.css
    ]
    reset = "reset" in request.POST
    actions.choose_columns(
        actor=state.actor,
        list_name=spec.name,
        view_key=state.view.key,
        columns=[] if reset else names,
    )
    return _back(request, state.query())


def _save_view(request: HttpRequest, spec: ListSpec, state: State) -> HttpResponse:
    try:
        state.matching  # noqa: B018 — a broken filter is not worth keeping
        view = actions.save_view(
            actor=state.actor,
            list_name=spec.name,
            name=request.POST.get("name", ""),
            rule=state.rule,
            text=state.text,
            sort=state.sort_name,
            columns=state.views.columns(state.view),
            is_shared="shared" in request.POST,
        )
    except RuleError as error:
        toasts.failure(request, str(error))
        return _back(request, state.query())
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return _back(request, state.query())
    toasts.success(request, _("View “%(name)s” saved") % {"name": view.name})
    return _back(request, f"?view={view.pk}")


def _own_view(state: State) -> SavedView:
    pk = state.view.saved.pk if state.view.saved else 0
    return get_object_or_404(SavedView.objects.visible_to(state.actor), pk=pk)


def _update_view(request: HttpRequest, spec: ListSpec, state: State) -> HttpResponse:
    view = actions.change_view(
        actor=state.actor,
        view=_own_view(state),
        rule=state.rule,
        text=state.text,
        sort=state.sort_name,
        columns=state.views.columns(state.view),
    )
    toasts.success(request, _("View “%(name)s” saved") % {"name": view.name})
    return _back(request, f"?view={view.pk}")


def _delete_view(request: HttpRequest, spec: ListSpec, state: State) -> HttpResponse:
    view = _own_view(state)
    actions.delete_view(actor=state.actor, view=view)
    toasts.success(
        request,
        _("View “%(name)s” deleted") % {"name": view.name},
        undo=reverse("ui:restore-view", args=[view.pk]),
    )
    return _back(request, "")


def _choose_default(request: HttpRequest, spec: ListSpec, state: State) -> HttpResponse:
    actions.choose_default_view(actor=state.actor, list_name=spec.name, view_key=state.view.key)
    toasts.success(request, _("The list now opens with “%(name)s”") % {"name": state.view.label})
    return _back(request, "")


def _work_on_selection(request: HttpRequest, spec: ListSpec, state: State) -> HttpResponse:
    wanted = request.POST.get("action", "")
    action = next((one for one in spec.bulk if one.name == wanted and one.handler), None)
    if action is None or action.handler is None:
        return HttpResponseBadRequest("?")
    if action.permission:
        policy.require(request.user, action.permission)
    try:
        return action.handler(request, selection_of(request, spec))
    except SelectionError as error:
        toasts.failure(request, str(error))
        return _back(request, state.query())
