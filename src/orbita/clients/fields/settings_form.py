"""The form of a definition, with its rows of choices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from orbita.accounts.models import Role, User
from orbita.clients.fields import kinds
from orbita.clients.fields.actions import MOST_OPTIONS
from orbita.clients.models import Segment
from orbita.clients.models.fields import FieldDefinition
from orbita.ui.forms import UiForm

Kind = FieldDefinition.Kind
COLOUR_NAMES: tuple[tuple[str, str | Promise], ...] = (
    ("", pgettext_lazy("colour", "without")),
    ("keep", pgettext_lazy("colour", "teal")),
    ("grow", pgettext_lazy("colour", "blue")),
    ("watch", pgettext_lazy("colour", "amber")),
    ("save", pgettext_lazy("colour", "red")),
    ("wake", pgettext_lazy("colour", "violet")),
)
BLANK_ROWS = 3


@dataclass
class OptionRow:
    """A choice as its row shows it; an emptied name takes it out of use."""

    index: int
    key: str = ""
    label: str = ""
    colour: str = ""
    place: str = ""


class FieldSettingsForm(UiForm):
    """What an administrator says of a field. The type and the key are chosen once."""

    label = forms.CharField(
        label=pgettext_lazy("own field", "Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    group = forms.CharField(
        label=gettext_lazy("Group on the card"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Fields of one group stand together under its name."),
    )
    help = forms.CharField(label=gettext_lazy("Hint in the form"), max_length=200, required=False)
    holder = forms.ChoiceField(
        label=gettext_lazy("For whom"), choices=FieldDefinition.Holder.choices, required=False
    )
    required = forms.ChoiceField(
        label=gettext_lazy("Must be filled in"),
        choices=FieldDefinition.Required.choices,
        required=False,
    )
    required_segment = forms.ModelChoiceField(
        label=gettext_lazy("Segment that must have it"),
        queryset=Segment.objects.none(),
        required=False,
        empty_label="—",
    )
    default = forms.CharField(label=gettext_lazy("New records get"), max_length=300, required=False)
    is_unique = forms.BooleanField(
        label=gettext_lazy("never the same on two records"), required=False
    )
    on_card = forms.BooleanField(
        label=gettext_lazy("shown on the card while it is empty"), required=False
    )
    is_filterable = forms.BooleanField(
        label=gettext_lazy("in filters and segments, with an index"), required=False
    )
    is_searchable = forms.BooleanField(
        label=gettext_lazy("found by the search box"), required=False
    )
    is_compared = forms.BooleanField(
        label=gettext_lazy("the same value is a sign of a duplicate"),
        required=False,
        help_text=gettext_lazy("For numbers of documents and cards that one client only has."),
    )
    see_roles = forms.MultipleChoiceField(
        label=gettext_lazy("Seen by"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nobody ticked: everybody who sees the record."),
    )
    edit_roles = forms.MultipleChoiceField(
        label=gettext_lazy("Changed by"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nobody ticked: everybody who may change the record."),
    )
    key = forms.CharField(
        label=gettext_lazy("Key for programs"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Latin letters; left empty, it is made of the name. Never changes."),
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        actor: User,
        subject: str,
        kind: str,
        field: FieldDefinition | None = None,
    ) -> None:
        self.subject, self.kind, self.field = subject, kind, field
        super().__init__(data, initial=_initial(field, kind))
        # A role that may do everything is told nothing.
        roles = [(str(r.pk), str(r)) for r in Role.objects.filter(is_administrator=False)]
        for name in ("see_roles", "edit_roles"):
            self.fields[name].choices = roles  # type: ignore[attr-defined]
        self.fields["required_segment"].queryset = (  # type: ignore[attr-defined]
            Segment.objects.visible_to(actor).filter(is_shared=True)
        )
        for name in self._without():
            del self.fields[name]
        self.rows = list(self._rows(data)) if self.has_options else []

    def _without(self) -> Iterator[str]:
        """Questions that make no sense for this subject and type."""
        if self.subject != "client":
            yield from ("holder", "required_segment")
        if self.kind not in kinds.DISTINCT:
            yield "is_unique"
        if self.subject != "client" or self.kind not in kinds.COMPARED:
            yield "is_compared"
        if self.kind not in kinds.SEARCHED:
            yield "is_searchable"
        if self.kind in kinds.REFERENCES:
            yield "default"
        if self.field:
            yield "key"

    @property
    def has_options(self) -> bool:
        return self.kind in (Kind.CHOICE, Kind.CHOICES)

    @property
    def kind_label(self) -> str:
        return str(Kind(self.kind).label)

    @property
    def colours(self) -> Sequence[tuple[str, str | Promise]]:
        return COLOUR_NAMES

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return self._bound("label", "group", "help", "default")

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        return self._bound("holder", "required", "required_segment")

    @property
    def ticks(self) -> list[forms.BoundField]:
        names = ("on_card", "is_filterable", "is_searchable", "is_unique", "is_compared")
        return self._bound(*names)

    @property
    def right_fields(self) -> list[forms.BoundField]:
        return self._bound("see_roles", "edit_roles")

    @property
    def key_fields(self) -> list[forms.BoundField]:
        return self._bound("key")

    def _bound(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    def _rows(self, data: QueryDict | None) -> Iterator[OptionRow]:
        index = 0
        if data is None:
            for index, option in enumerate(self.field.live_options if self.field else (), start=1):
                yield OptionRow(
                    index - 1, option["key"], option["label"], option.get("colour", ""), str(index)
                )
            blanks = BLANK_ROWS
        else:
            while f"options-{index}-label" in data and index < MOST_OPTIONS:
                names = ("key", "label", "colour", "place")
                row = [data.get(f"options-{index}-{name}", "").replace("\0", "") for name in names]
                yield OptionRow(index, *row)
                index += 1
            blanks = BLANK_ROWS if "more" in data else 0
        for blank in range(blanks):
            yield OptionRow(index + blank)

    def options(self) -> list[dict[str, str]]:
        """The choices by their places; those without a number keep their row."""

        def place(row: OptionRow) -> tuple[float, int]:
            typed = row.place.strip()
            known = typed.isascii() and typed.isdigit() and len(typed) < 6
            return (float(typed) if known else row.index + 1, row.index)

        return [
            {"key": row.key, "label": row.label, "colour": row.colour}
            for row in sorted(self.rows, key=place)
        ]

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        found = dict(self.cleaned_data)
        if self.has_options:
            found["options"] = self.options()
        if self.subject == "client":
            segment = found.get("required_segment")
            found["required_segment"] = segment.pk if segment else None
        return found


def _initial(field: FieldDefinition | None, kind: str) -> dict[str, Any]:
    if field is None:
        return {"on_card": True, "is_filterable": kind != Kind.LONG and kind != Kind.FILE}
    names = ("label", "group", "help", "holder", "required", "is_unique", "on_card")
    ticks = ("is_filterable", "is_searchable", "is_compared")
    return {name: getattr(field, name) for name in (*names, *ticks)} | {
        "required_segment": field.required_segment_id,
        "default": _default(field),
        "see_roles": [str(pk) for pk in field.see_roles],
        "edit_roles": [str(pk) for pk in field.edit_roles],
    }


def _default(field: FieldDefinition) -> str:
    """The default as it is typed: choices by their names, yes and no as words."""
    if field.kind in (Kind.FLAG, Kind.CHOICE, Kind.CHOICES):
        return kinds.words(field, field.default)
    return "" if field.default is None else str(field.default)
