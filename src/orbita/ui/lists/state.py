"""What a list shows, read from the address: view, conditions, text, order, columns, page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from orbita.core.rules import DEEPEST, Rule, RuleError, compile_rule, describe
from orbita.ui.lists import paging
from orbita.ui.lists.spec import ALL, Column, ListSpec, Rows
from orbita.ui.menu import permitted
from orbita.ui.models import ListChoice, SavedView

LONGEST_RULE = 8000
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class View:
    """A tab above the list: everything, one of the room's, or a saved one."""

    key: str
    label: str
    rule: Rule = field(default_factory=dict)
    text: str = ""
    sort: str = ""
    columns: Sequence[str] | None = None
    saved: SavedView | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """A condition above the list."""

    text: str
    index: int
    editable: bool
    broken: bool = False


class Views:
    """The views of a list that a person has, and what he chose; two reads."""

    def __init__(self, spec: ListSpec, actor: Any) -> None:
        self.choice = ListChoice.objects.filter(user=actor, list_name=spec.name).first()
        self.tabs = [View(key=ALL, label=_("All"))]
        self.tabs += [
            View(view.name, str(view.label), view.rule, sort=view.sort, columns=view.columns)
            for view in spec.views
            if permitted(actor, view.permission)
        ]
        self.tabs += [
            View(
                key=str(saved.pk),
                label=saved.name,
                rule=saved.rule,
                text=saved.text,
                sort=saved.sort,
                columns=saved.columns,
                saved=saved,
            )
            for saved in SavedView.objects.visible_to(actor).of_list(spec.name)
        ]

    def get(self, key: str) -> View:
        """The view of this key; one that is gone gives the view that lists begin with."""
        known = {view.key: view for view in self.tabs}
        return known.get(key) or known.get(self.default) or self.tabs[0]

    @property
    def default(self) -> str:
        return (self.choice.default_view if self.choice else "") or ALL

    def columns(self, view: View) -> Sequence[str] | None:
        chosen: Sequence[str] | None = (self.choice.columns if self.choice else {}).get(view.key)
        return chosen if chosen is not None else view.columns


def parse_rule(text: str) -> Rule:
    """A rule out of an address. Raises `RuleError` for what is not JSON or far too long."""
    if not text:
        return {}
    if len(text) > LONGEST_RULE:
        raise RuleError(_("The filter in the address is too long."))
    try:
        rule = json.loads(text)
    except (ValueError, RecursionError):
        raise RuleError(_("The filter in the address is damaged.")) from None
    if not isinstance(rule, dict) or _is_too_deep(rule) or not _can_be_kept(rule):
        raise RuleError(_("The filter in the address is damaged."))
    return rule


def _is_too_deep(value: Any, left: int = 2 * DEEPEST + 4) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not left or any(_is_too_deep(one, left - 1) for one in inner)


def _can_be_kept(rule: Rule) -> bool:
    """Whether a database takes it: no halves of characters, no zero bytes, no endless numbers."""
    try:
        text = json.dumps(rule, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:
        return False
    return "\\u0000" not in text


def compact(rule: Rule) -> str:
    return json.dumps(rule, ensure_ascii=False, separators=(",", ":")) if rule else ""


def members(rule: Rule) -> list[Rule]:
    """The conditions that hold together: what the chips show one by one."""
    if not rule:
        return []
    inner = rule.get("all")
    if len(rule) == 1 and isinstance(inner, list):
        return [part for part in inner if part]
    return [rule]


def joined(parts: Sequence[Rule]) -> Rule:
    return {"all": list(parts)} if parts else {}


class State:
    """One reading of a list's address for one person."""

    def __init__(self, spec: ListSpec, actor: Any, parameters: Mapping[str, str]) -> None:
        self.spec = spec
        self.actor = actor
        self.views = Views(spec, actor)
        self.view = self.views.get(parameters.get("view", ""))
        self.error = ""
        self.rule: Rule = self.view.rule
        if "f" in parameters:
            try:
                self.rule = parse_rule(parameters["f"])
            except RuleError as error:
                self.error = str(error)
        typed = parameters.get("q", self.view.text) if spec.search else ""
        self.text = typed.replace("\0", "").strip()[:LONGEST_TEXT]
        self.sort, self.key, self.descending = self._sort(parameters.get("sort", ""))
        self.cursor = self._cursor(parameters)

    def _sort(self, wanted: str) -> tuple[Column, paging.SortKey, bool]:
        for name in (wanted, self.view.sort, self.spec.default_sort):
            column = self.spec.column(name.removeprefix("-"))
            if column and column.sort and column.is_open(self.actor):
                return column, column.sort, name.startswith("-")
        raise LookupError(f"list {self.spec.name!r} has no open column to sort by")

    def _cursor(self, parameters: Mapping[str, str]) -> paging.Cursor | None:
        text = parameters.get("after") or parameters.get("before")
        return paging.load(text, self.order) if text and len(text) < 2000 else None

    @property
    def order(self) -> str:
        """The name of the order, which cursors are bound to."""
        return f"{self.spec.name}:{self.sort_name}"

    @property
    def sort_name(self) -> str:
        return ("-" if self.descending else "") + self.sort.name

    @cached_property
    def columns(self) -> list[Column]:
        """The columns to show, in the order of the list's declaration."""
        allowed = self.spec.columns_for(self.actor)
        chosen = self.views.columns(self.view)
        if chosen is None:
            return [column for column in allowed if column.default or column.fixed]
        return [column for column in allowed if column.name in chosen or column.fixed]

    @property
    def has_own_columns(self) -> bool:
        return self.views.columns(self.view) is not None

    @cached_property
    def matching(self) -> Rows:
        """All rows that fit, on every page, without an order. Raises `RuleError`."""
        if self.error:
            raise RuleError(self.error)
        return matching(self.spec, self.actor, self.rule, self.text)

    @cached_property
    def chips(self) -> list[Chip]:
        found = []
        for index, part in enumerate(members(self.rule)):
            try:
                compile_rule(self.spec.subject, part, actor=self.actor)
                words = describe(self.spec.subject, part, actor=self.actor)
            except RuleError:
                found.append(Chip(_("Unreadable condition"), index, editable=False, broken=True))
            else:
                found.append(Chip(words, index, editable="fact" in part))
        return found

    @property
    def is_filtered(self) -> bool:
        return bool(self.rule or self.text)

    @property
    def is_changed(self) -> bool:
        """Whether filters or order differ from those of the view."""
        return (self.rule, self.text, self.sort_name) != (
            self.view.rule,
            self.view.text,
            self.view.sort or self.spec.default_sort,
        )

    # ---- addresses ----

    def parameters(self, **changes: Any) -> dict[str, str]:
        """What the address of this state holds; defaults are left out."""
        rule, text = changes.pop("rule", self.rule), changes.pop("text", self.text)
        sort = changes.pop("sort", self.sort_name)
        found: dict[str, str] = {}
        if self.view.key != self.views.default:
            found["view"] = self.view.key
        if rule != self.view.rule or self.error:
            found["f"] = compact(rule)
        if text != self.view.text:
            found["q"] = text
        if sort != (self.view.sort or self.spec.default_sort):
            found["sort"] = sort
        return found | {name: str(value) for name, value in changes.items() if value is not None}

    def query(self, **changes: Any) -> str:
        """The same as a query string; "?" for the bare list, so that a link is never empty."""
        return "?" + urlencode(self.parameters(**changes))

    def at(self, cursor: paging.Cursor | None) -> dict[str, str]:
        if cursor is None:
            return {}
        return {"before" if cursor.backward else "after": paging.dump(cursor, self.order)}

    def without(self, index: int) -> str:
        """The query without one condition."""
        parts = members(self.rule)
        return self.query(rule=joined(parts[:index] + parts[index + 1 :]))


def matching(spec: ListSpec, actor: Any, rule: Rule, text: str = "") -> Rows:
    """The rows of a list that the actor sees and that fit a rule and a text. Raises `RuleError`."""
    queryset = spec.queryset(actor)
    if rule:
        queryset = queryset.filter(compile_rule(spec.subject, rule, actor=actor))
    if text and spec.search:
        queryset = spec.search(queryset, text, actor)
    return queryset
