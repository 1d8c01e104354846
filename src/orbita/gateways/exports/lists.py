"""A list as a table: the columns of its screen or all that the person may see, with its filters."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.accounts.policy import PERMISSIONS
from orbita.core.rules import describe
from orbita.gateways.exports import writers
from orbita.gateways.exports.marking import marked
from orbita.gateways.exports.models import Export
from orbita.ui import formats
from orbita.ui.lists import LISTS, Column, ListSpec, State, export_rows, headers

FORMATS = ("csv", "xlsx")
# A mark in the order of fewer rows would say nothing for sure.
MARKED_FROM = 100


@dataclass
class Plan:
    """What will be written. Raises `RuleError` when the filter cannot be read, `Denied`."""

    actor: User
    spec: ListSpec
    state: State
    columns: Sequence[Column]
    format: str
    # The rows that were ticked; None for all that fit.
    ids: Sequence[int] | None = None
    # What the order of the rows is to bear.
    mark: str = ""

    def __post_init__(self) -> None:
        policy.require(self.actor, str(self.spec.export))

    @cached_property
    def rows(self) -> Any:
        """The rows that fit, no more than the right to export covers."""
        rows = self.state.matching
        if self.ids is not None:
            rows = self.spec.queryset(self.actor).filter(pk__in=self.ids)
        permission = str(self.spec.export)
        if PERMISSIONS[permission].scoped and not policy.covers_all(self.actor, permission):
            own = rows.model._default_manager.within(self.actor, permission)
            rows = rows.filter(pk__in=own.values("pk"))
        return rows

    @cached_property
    def total(self) -> int:
        """All rows that will be written."""
        return int(self.rows.order_by().count())

    @property
    def filter_text(self) -> str:
        """The filter in words, for the record; "" for everything."""
        if self.ids is not None:
            count = len(self.ids)
            return ngettext("%(n)s selected row", "%(n)s selected rows", count) % {"n": count}
        words = []
        if self.state.rule:
            words.append(describe(self.spec.subject, self.state.rule, actor=self.actor))
        if self.state.text:
            words.append(_("text “%(text)s”") % {"text": self.state.text})
        return "; ".join(words)

    @property
    def file_name(self) -> str:
        today = timezone.localdate()
        return f"{self.spec.name}-{today:%Y-%m-%d}.{self.format}"

    def write(self, path: Path, report: Any = None) -> int:
        """Writes the table and returns how many rows it has; `report(count)` hears on the way."""
        rows = export_rows(self.state, self.columns, self.rows)
        bears = self.mark and self.total >= MARKED_FROM
        counted = _Counted(marked(rows, self.mark) if bears else rows, report)
        titles = headers(self.columns)
        if self.format == "csv":
            self._write_csv(path, titles, counted)
        else:
            made = timezone.localtime()
            note = _("From Orbita, %(who)s, %(when)s") % {
                "who": self.actor.display_name,
                "when": formats.full_moment(made),
            }
            writers.write_workbook(
                path,
                str(self.spec.label),
                titles,
                counted,
                made=made.replace(tzinfo=None),
                note=f"{note}. {self.filter_text}".rstrip(". "),
                author=self.actor.display_name,
            )
        return counted.count

    @staticmethod
    def _write_csv(path: Path, titles: Sequence[str], rows: Any) -> None:
        # What Excel of the reader's country opens by a double click.
        russian = formats.is_russian()
        delimiter = ";" if russian else ","
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(writers.BOM)
            file.writelines(
                writers.csv_text(titles, rows, delimiter=delimiter, comma=russian, end="\r\n")
            )


class _Counted:
    """Passes rows on and counts them."""

    def __init__(self, rows: Iterator[list[Any]], report: Any) -> None:
        self._rows, self._report = rows, report
        self.count = 0

    def __iter__(self) -> Iterator[list[Any]]:
        for row in self._rows:
            self.count += 1
            if self._report and self.count % 1000 == 0:
                self._report(self.count)
            yield [_local(value) for value in row]


def _local(value: Any) -> Any:
    """A moment in the zone of whoever reads it."""
    aware = hasattr(value, "tzinfo") and value.tzinfo is not None and hasattr(value, "date")
    return timezone.localtime(value) if aware else value


def plan_of(
    *,
    actor: User,
    name: str,
    query: Mapping[str, str],
    format: str,
    every_column: bool = False,
    ids: Sequence[int] | None = None,
    columns: Sequence[str] | None = None,
) -> Plan:
    """What an address of a list asks for. Raises `LookupError` for a list that is not exported."""
    spec = LISTS.get(name)
    if spec is None or not spec.export or format not in FORMATS:
        raise LookupError(name)
    state = State(spec, actor, query)
    state.cursor = None
    chosen = spec.columns_for(actor) if every_column or columns is not None else state.columns
    if columns is not None:
        chosen = [column for column in chosen if column.name in columns]
    # A column of a phone's screen is a button, not a value.
    chosen = [column for column in chosen if "c-call" not in column.css]
    return Plan(actor, spec, state, chosen, format, ids)


def plan_again(export: Export) -> Plan:
    """The plan of a stored export, as its owner may do it now."""
    plan = plan_of(
        actor=export.owner,
        name=export.list_name,
        query=export.query,
        format=export.format,
        ids=export.ids,
        columns=export.columns,
    )
    plan.mark = export.mark
    return plan


@contextmanager
def as_seen_by(user: User) -> Iterator[None]:
    """The language and zone of a person, for work outside his requests."""
    with translation.override(user.language), timezone.override(ZoneInfo(user.time_zone)):
        yield
