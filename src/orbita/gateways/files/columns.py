"""Guesses what a table holds and what each of its columns means."""

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from orbita.core.text import normalise
from orbita.gateways.files.content import distinct, several_words, shares
from orbita.gateways.files.errors import FileError
from orbita.gateways.files.fields import (
    FIELDS,
    KINDS,
    NEW_DOCUMENT,
    NEW_FIELD,
    Field,
    Kind,
    added_to,
    fields_of,
)
from orbita.gateways.files.header import Header, candidates, find_header, header_key, is_ordinal
from orbita.gateways.files.source import Cell, Sample, SheetSample
from orbita.gateways.files.values import DateOrder, detect_date_order, is_blank, to_text

if TYPE_CHECKING:
    from orbita.gateways.files.errors import Message

_LEAST = 0.5
_OWN = 1.2
_BY_CONTENT = {
    "phone": "phone",
    "email": "email",
    "inn": "inn",
    "person": "full_name",
    "link": "link",
}
_FIELD = {(kind, each.name): each for kind in KINDS for each in fields_of(kind)}
_FIELD_NAMES = frozenset(each.name for each in FIELDS) | {NEW_FIELD}

_WHO = {"full_name", "last_name", "first_name", "company", "phone", "email", "contact_person"}
_WHERE = {"country", "city", "region", "address", "birthday", "sex", "tags"}
_WHAT = {"product", "sku", "quantity", "unit_price", "line_total", "order_total"}
_WHEN = {"ordered_at", "order_id"}
_GOODS_ONLY = {
    "unit_price",
    "cost_price",
    "unit",
    "product_group",
    "barcode",
    "stock",
    "product_kind",
}

NOTES: dict[str, "Message"] = {
    "ordinal": _("“{column}” only numbers the rows and is left out."),
    "unknown": _("“{column}” is not recognised: say what it is, or it is left out."),
    "duplicate": _("“{column}” repeats what another column says and is left out."),
    "content": _("“{column}” is recognised by its values, not by its heading."),
    "no_header": _("The table has no headings: its columns are recognised by their values."),
    "document": _("“{column}” becomes a new own field, and tells duplicates."),
    "month_first": _("“{column}” writes the month before the day."),
}


@dataclass(frozen=True)
class Note:
    code: str
    column: str = ""

    def __str__(self) -> str:
        return str(format_lazy(NOTES[self.code], column=self.column))


@dataclass(frozen=True)
class Mapping:
    """What a sheet holds: the file of `--map` and a saved mapping are this as JSON."""

    kind: Kind
    sheet: str
    # The row of headings as its owner sees it; data follow. 0 when there is none.
    header_row: int
    # Column, from 0, to field.
    columns: dict[int, str]
    # The heading of every column that has one: a saved mapping finds moved columns by them.
    labels: dict[int, str] = field(default_factory=dict)
    date_orders: dict[int, DateOrder] = field(default_factory=dict)
    confidence: float = 0.0
    notes: list[Note] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """A form that json.dumps takes and `from_json` understands."""
        return {
            "kind": self.kind,
            "sheet": self.sheet,
            "header_row": self.header_row,
            "columns": {str(index): name for index, name in sorted(self.columns.items())},
            "labels": {str(index): label for index, label in sorted(self.labels.items())},
            "date_orders": {str(index): order for index, order in sorted(self.date_orders.items())},
            "confidence": round(self.confidence, 3),
            "notes": [{"code": note.code, "column": note.column} for note in self.notes],
        }

    @classmethod
    def from_json(cls, data: Any, sample: Sample) -> "Mapping":
        """The mapping a person or a saved one describes, fitted to this file.

        A column is named by its heading, its letter in Excel or its number from 0; headings win, so
        a saved mapping survives moved columns. What is not said is guessed. Raises FileError.
        """
        if not isinstance(data, dict) or not isinstance(data.get("columns", {}), dict):
            raise FileError(_("The mapping is not a JSON object with columns."))
        kind = data.get("kind", "auto")
        if kind not in (*KINDS, "auto"):
            raise FileError(_("The mapping has an unknown kind “{kind}”."), kind=str(kind)[:50])
        guessed = guess(sample, None if kind == "auto" else kind, _text_or_none(data.get("sheet")))
        header_row = data.get("header_row", guessed.header_row)
        if not isinstance(header_row, int) or isinstance(header_row, bool) or header_row < 0:
            raise FileError(_("The header row of the mapping is not a row number."))
        if "columns" not in data:
            return guessed
        labels = _labels_at(sample, guessed, header_row)
        said = _dict(data.get("labels"))
        columns: dict[int, str] = {}
        known = _FIELD_NAMES | {each.name for each in added_to(guessed.kind)}
        for key, name in data["columns"].items():
            if not name:
                continue
            if name not in known:
                raise FileError(
                    _("The mapping has an unknown field “{field}”."), field=str(name)[:50]
                )
            columns[_column_index(str(key), labels, said)] = name
        orders = {
            index: guessed.date_orders[index] for index in columns if index in guessed.date_orders
        }
        for key, order in _dict(data.get("date_orders")).items():
            if str(key).isdigit() and order in ("dmy", "mdy"):
                orders[int(key)] = order
        return replace(
            guessed,
            header_row=header_row,
            columns=columns,
            labels=labels,
            date_orders=orders,
            confidence=1.0,
            notes=[],
        )


def guess(sample: Sample, kind: Kind | None = None, sheet: str | None = None) -> Mapping:
    """The most likely meaning of a file; of one sheet or one kind when they are given.

    Raises FileError when there is no table in it, or no sheet of this name.
    """
    sheets = [each for each in sample.sheets if sheet is None or each.name == sheet]
    if not sheets:
        raise FileError(_("The file has no sheet “{name}”."), name=sheet or "")
    filled = [
        each for each in sheets if any(not is_blank(c) for _n, cells in each.rows for c in cells)
    ]
    if not filled:
        raise FileError(_("The file has no rows with data."))
    visible = [each for each in filled if not each.hidden] or filled
    guesses = [(_guess_sheet(each, kind), -order) for order, each in enumerate(visible)]
    best, _order = max(guesses, key=lambda item: (item[0][1], item[1]))
    return best[0]


def _guess_sheet(sheet: SheetSample, kind: Kind | None) -> tuple[Mapping, float]:
    header = find_header(sheet.rows)
    table = _Table(sheet, header)
    kinds = [kind] if kind else list(KINDS)
    readings = [(_worth(each, columns), -order, each, columns) for order, each in enumerate(kinds) if (columns := table.assign(each)) is not None]  # fmt: skip
    worth, _order, best, columns = max(readings, key=lambda item: item[:2])
    names = {index: name for index, (name, _score) in columns.items()}
    orders: dict[int, DateOrder] = {
        index: "mdy"
        for index, name in names.items()
        if table.field(best, name).content == "date"
        and detect_date_order(table.column(index)) == "mdy"
    }
    notes = table.notes(columns, orders)
    mapping = Mapping(
        kind=best,
        sheet=sheet.name,
        header_row=header.row,
        columns=names,
        labels={index: label for index, label in enumerate(header.labels) if label},
        date_orders=orders,
        confidence=table.confidence(columns),
        notes=notes,
    )
    return mapping, worth


def _worth(kind: Kind, columns: dict[int, tuple[str, float]]) -> float:
    """How well a kind of table explains the columns; below zero when it cannot be that kind."""
    names = {name for name, _score in columns.values()}
    explained = sum(score for _name, score in columns.values())
    purchase = bool(names & _WHEN and names & (_WHAT | {"paid_amount"}))
    who = bool(names & _WHO) or ("external_id" in names and bool(names & _WHERE))
    possible = {
        "clients": who or "external_id" in names or "inn" in names,
        "orders": purchase,
        "products": bool(names & {"product", "sku"} and names & _GOODS_ONLY),
        "sales": purchase and who,
    }[kind]
    return explained if possible else explained / 10 - 1


class _Table:
    """A sheet's columns with what was learned of them."""

    def __init__(self, sheet: SheetSample, header: Header) -> None:
        self._rows = [cells for _number, cells in sheet.rows[header.data_from :]]
        width = max([len(header.labels), *map(len, self._rows)])
        self.labels = header.labels + [""] * (width - len(header.labels))
        self.headed = header.row > 0 or any(header.labels)
        self._columns = [
            [cells[index] if index < len(cells) else "" for cells in self._rows]
            for index in range(width)
        ]
        self._added: dict[str, Field] = {}
        self._shares = [shares(column) for column in self._columns]
        self._ordinals = {
            index
            for index, label in enumerate(self.labels)
            if label and is_ordinal(label, self._columns[index])
        }

    def column(self, index: int) -> list[Cell]:
        return self._columns[index]

    def field(self, kind: Kind, name: str) -> Field:
        return _FIELD.get((kind, name)) or self._added[name]

    def assign(self, kind: Kind) -> dict[int, tuple[str, float]]:
        """Each column's field and how sure it is: the surest columns choose first."""
        bids: list[tuple[float, int, int, Field]] = []
        self._added = {each.name: each for each in added_to(kind)}
        by_label = {alias: each for each in self._added.values() for alias in each.aliases}
        for index, label in enumerate(self.labels):
            if index in self._ordinals:
                continue
            for score, order, each in candidates(label, kind) if label else []:
                bids.append((score + self._agreement(index, each), -order, index, each))
            if own := by_label.get(normalise(label)) or by_label.get(header_key(label)):
                # What the business itself calls so comes before what others mean by it.
                bids.append((_OWN, 0, index, own))
            if by_content := self._by_content(index, kind):
                bids.append((_LEAST + 0.05, -len(FIELDS), index, by_content))
        columns: dict[int, tuple[str, float]] = {}
        taken: set[str] = set()
        for score, _order, index, each in sorted(bids, key=lambda bid: (-bid[0], -bid[1], bid[2])):
            if score >= _LEAST and index not in columns and (each.many or each.name not in taken):
                columns[index] = (each.name, score)
                taken.add(each.name)
        self._read_names(kind, columns)
        self._read_identifiers(kind, columns)
        return dict(sorted(columns.items()))

    def _agreement(self, index: int, each: Field) -> float:
        """How the values speak for or against what the heading says."""
        found = self._shares[index]
        if not found or not each.content or each.content == "words":
            return 0.0
        if each.content in ("person", "company"):
            # Names take any shape, but not the shape of these.
            return -0.6 if max(found["phone"], found["email"], found["date"]) > 0.6 else 0.0
        if each.content == "date" and found["compact_date"] > 0.5:
            return 0.0
        share = found[each.content]
        if share >= 0.5:
            return 0.05
        if each.content in ("inn", "phone") and found["digits"] > 0.5 and found["email"] < 0.5:
            # Mistyped numbers are still such numbers, to be named in a report.
            return 0.0
        return -0.6 if share < 0.2 else 0.0

    def _by_content(self, index: int, kind: Kind) -> Field | None:
        found = self._shares[index]
        for content, name in _BY_CONTENT.items():
            if found.get(content, 0) > 0.7 and (kind, name) in _FIELD:
                return _FIELD[kind, name]
        if not self.headed and found.get("date", 0) > 0.7:
            return _FIELD.get((kind, "ordered_at")) or _FIELD.get((kind, "birthday"))
        if not self.headed and found.get("company", 0) > 0.7:
            return _FIELD.get((kind, "company"))
        return None

    def _read_names(self, kind: Kind, columns: dict[int, tuple[str, float]]) -> None:
        """A column headed "Имя" or "Название" often holds whole names of people."""
        if (kind, "full_name") not in _FIELD:
            return
        names = {name for name, _score in columns.values()}
        if "full_name" in names:
            return
        for index, (name, score) in columns.items():
            whole = name == "first_name" and "last_name" not in names
            if whole and several_words(self._columns[index]) > 0.5:
                columns[index] = ("full_name", score)
                return
            people = self._shares[index].get("person", 0) > 0.5 and "last_name" not in names
            if name == "company" and people:
                columns[index] = ("full_name", score)
                return

    def _read_identifiers(self, kind: Kind, columns: dict[int, tuple[str, float]]) -> None:
        """In a sheet of sales an identifier that never repeats, while clients do, is the sale's."""
        if kind != "sales":
            return
        where = {name: index for index, (name, _score) in columns.items()}
        at = where.get("external_id")
        if (
            at is None
            or "order_id" in where
            or header_key(self.labels[at]) not in ("id", "ид", "код", "code")
        ):
            return
        who = next((where[name] for name in ("full_name", "phone", "email") if name in where), None)
        unique = distinct(self._columns[at]) == 1.0
        if who is not None and unique and distinct(self._columns[who]) < 0.95:
            columns[at] = ("order_id", columns[at][1])

    def notes(
        self, columns: dict[int, tuple[str, float]], orders: dict[int, DateOrder]
    ) -> list[Note]:
        notes = [] if self.headed else [Note("no_header")]
        taken = {name for name, _score in columns.values()}
        for index, label in enumerate(self.labels):
            shown = label or column_letter(index)
            if index in self._ordinals:
                notes.append(Note("ordinal", shown))
            elif index not in columns:
                if label or self._shares[index]:
                    repeated = any(each.name in taken for _s, _o, each in self._heads(label))
                    notes.append(Note("duplicate" if repeated else "unknown", shown))
            elif self.headed and not any(
                e.name == columns[index][0] for _s, _o, e in self._heads(label)
            ):
                notes.append(Note("content", shown))
            if index in columns and columns[index][0] == NEW_DOCUMENT:
                notes.append(Note("document", shown))
            if index in orders:
                notes.append(Note("month_first", shown))
        return notes

    def _heads(self, label: str) -> list[tuple[float, int, Field]]:
        found = [each for kind in KINDS for each in candidates(label, kind)]
        return [each for each in found if each[0] >= _LEAST]

    def confidence(self, columns: dict[int, tuple[str, float]]) -> float:
        """From 0 to 1: how many of the filled columns are explained, and how surely."""
        filled = [
            index
            for index, found in enumerate(self._shares)
            if (found or self.labels[index]) and index not in self._ordinals
        ]
        if not filled:
            return 0.0
        return sum(min(columns[index][1], 1.0) for index in filled if index in columns) / len(
            filled
        )


def column_letter(index: int) -> str:
    """The letter of a column in Excel, from 0: A, Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _labels_at(sample: Sample, guessed: Mapping, header_row: int) -> dict[int, str]:
    if header_row == guessed.header_row:
        return guessed.labels
    for sheet in sample.sheets:
        if sheet.name == guessed.sheet:
            for number, cells in sheet.rows:
                if number == header_row:
                    return {i: to_text(cell) for i, cell in enumerate(cells) if not is_blank(cell)}
    return {}


def _column_index(key: str, labels: dict[int, str], said: AnyMapping[str, Any]) -> int:
    """The column a mapping means by its key."""
    wanted = said.get(key, key)
    same = [index for index, label in labels.items() if normalise(label) == normalise(str(wanted))]
    if same:
        # Of equal headings, the one at the place that was said.
        return int(key) if key.isdigit() and int(key) in same else same[0]
    if key.isascii() and key.isdigit() and len(key) < 5:
        return int(key)
    if key.isascii() and key.isalpha() and key.isupper() and len(key) <= 3:
        number = 0
        for letter in key:
            number = number * 26 + ord(letter) - 64
        return number - 1
    raise FileError(_("The file has no column “{column}” that the mapping names."), column=key[:80])


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
