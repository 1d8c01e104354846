"""Forms of a card: the quick one, the whole one, single fields, notes, links, segments."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import CharField
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from orbita.accounts.models import User
from orbita.clients import card_fields
from orbita.clients.actions.card import ConflictError
from orbita.clients.actions.contacts import read as read_contact
from orbita.clients.collections import COLLECTIONS
from orbita.clients.entry import ENTRANCES, rule_of
from orbita.clients.fields import inputs
from orbita.clients.fields.inputs import input_of
from orbita.clients.fields.known import active, changed_by, own_field
from orbita.clients.guarding import TROUBLES, sight
from orbita.clients.models import (
    AcquisitionSource,
    Client,
    CompanyPerson,
    EntryRule,
    FieldDefinition,
    Note,
    Segment,
    Tag,
)
from orbita.clients.names import parse_company
from orbita.clients.relations import sides_for
from orbita.core import zones
from orbita.ui.forms import UiForm, dress

MOST_SUGGESTIONS = 200


@contextmanager
def into_form(form: forms.Form) -> Iterator[None]:
    """Puts what an action says against the input to the form's fields; a conflict is no fault."""
    try:
        yield
    except ConflictError:
        raise
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            form.add_error(None, error)
            return
        for name, messages in error.message_dict.items():
            for message in messages:
                form.add_error(name if name in form.fields else None, message)


def people_choices(blank: str | Promise) -> list[tuple[str, str]]:
    """Everybody who may be responsible for a client."""
    people = User.objects.people().filter(is_active=True).order_by("name")
    return [("", str(blank)), *((str(pk), name) for pk, name in people.values_list("pk", "name"))]


class SuggestInput(forms.TextInput):
    """A text with suggestions from a `<datalist>` of what is used already."""

    template_name = "clients/suggest.html"

    def __init__(self, suggestions: Callable[[], Sequence[str]]) -> None:
        super().__init__(attrs={"autocomplete": "off"})
        self._suggestions = suggestions

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["suggestions"] = self._suggestions()
        return context


def _sources() -> list[str]:
    return list(AcquisitionSource.objects.values_list("name", flat=True)[:MOST_SUGGESTIONS])


def _zones() -> list[tuple[str, str]]:
    return [("", "—"), *zones.choices()]


def known_tags() -> list[str]:
    return list(Tag.objects.values_list("name", flat=True)[:MOST_SUGGESTIONS])


def form_field(name: str) -> forms.Field:
    """The field of a form for one field of the card, with the model's label and length."""
    column = card_fields.model_field(name)
    label = str(column.verbose_name)
    common: dict[str, Any] = {"label": label[:1].upper() + label[1:], "required": False}
    if name == "responsible":
        return forms.ChoiceField(choices=people_choices(gettext_lazy("nobody")), **common)
    if name == "source":
        return forms.CharField(max_length=100, widget=SuggestInput(_sources), **common)
    if name == "time_zone":
        return forms.ChoiceField(choices=_zones, **common)
    if name == "birthday":
        return forms.CharField(
            widget=forms.DateInput(attrs={"type": "date", "max": "2200-12-31"}), **common
        )
    if name == "comment":
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), **common)
    if column.choices:
        choices = [choice for choice in column.flatchoices if choice[0]]
        return forms.ChoiceField(choices=[("", "—"), *choices], **common)
    if name in ("difficulties", "special_terms"):
        widget = forms.Textarea(attrs={"rows": 2})
        return forms.CharField(max_length=column.max_length, widget=widget, **common)
    assert isinstance(column, CharField)  # noqa: S101
    return forms.CharField(max_length=column.max_length, **common)


def initial_of(client: Client, names: Sequence[str], actor: User) -> dict[str, Any]:
    """The values of the card as form fields show them to the actor."""
    values = {
        name: inputs.initial_of(client, field, actor)
        if (field := own_field("client", name))
        else card_fields.plain_value(client, name)
        for name in names
    }
    if "responsible" in values:
        values["responsible"] = str(client.responsible_id or "")
    return values


CONTACT_TYPES: tuple[tuple[str, str | Promise], ...] = (
    ("phone:mobile", gettext_lazy("Mobile phone")),
    ("phone:work", gettext_lazy("Work phone")),
    ("phone:home", gettext_lazy("Home phone")),
    ("phone:", gettext_lazy("Phone")),
    ("email:", gettext_lazy("E-mail")),
    ("messenger:telegram", "Telegram"),
    ("messenger:whatsapp", "WhatsApp"),
    ("messenger:vk", gettext_lazy("VK messages")),
    ("messenger:max", "MAX"),
    ("link:site", gettext_lazy("Site")),
    ("link:vk", gettext_lazy("VK page")),
    ("link:social", gettext_lazy("Social page")),
)


def split_tags(text: str) -> list[str]:
    return [name for part in text.replace(";", ",").split(",") if (name := part.strip())]


class QuickForm(UiForm):
    """A client in a few seconds: the rest is filled in later."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=Client.Kind.choices,
        initial="person",
        widget=forms.RadioSelect,
    )
    name = forms.CharField(
        label=pgettext_lazy("client", "Name"),
        max_length=300,
        help_text=gettext_lazy("In any order; a company with its form: ООО «Ромашка»."),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    email = forms.CharField(
        label=gettext_lazy("E-mail"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off"}),
    )
    city = forms.CharField(label=gettext_lazy("City"), max_length=100, required=False)
    inn = forms.CharField(
        label=gettext_lazy("INN"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = sight(actor)
        for name, guarded in (
            ("phone", "phone"),
            ("email", "email"),
            ("city", "addresses"),
            ("inn", "inn"),
        ):
            if seen.hides(guarded):
                del self.fields[name]
        self.own = [
            field
            for field in changed_by(active("client"), actor)
            if field.required and field.kind != FieldDefinition.Kind.FILE
        ]
        for field in self.own:
            # One that only companies have, or a segment asks for, is asked for by the action.
            made = input_of(field, actor, whole=not field.holder)
            made.initial = field.default
            dress(made)
            self.fields[field.name] = made

    @property
    def more_fields(self) -> list[forms.BoundField]:
        """All but the name: also the own fields that a new card cannot be without."""
        return [self[name] for name in self.fields if name not in ("kind", "name")]

    @property
    def own_values(self) -> dict[str, Any]:
        typed = {field.name: self.cleaned_data[field.name] for field in self.own}
        return {name: value for name, value in typed.items() if value}

    def clean_phone(self) -> Any:
        return self._contact("phone")

    def clean_email(self) -> Any:
        return self._contact("email")

    def _contact(self, kind: str) -> Any:
        typed = self.cleaned_data[kind].strip()
        if not typed:
            return None
        try:
            return read_contact(kind, typed)
        except ValidationError as error:
            raise ValidationError(error.messages) from None

    @property
    def chosen_kind(self) -> str:
        """What was chosen, but a name with a legal form is a company's whatever was chosen."""
        if parse_company(self.cleaned_data["name"]).form:
            return Client.Kind.COMPANY
        return str(self.cleaned_data["kind"])

    @property
    def contacts(self) -> list[Any]:
        found = [self.cleaned_data.get(name) for name in ("phone", "email")]
        return [contact for contact in found if contact]


class ContactForm(UiForm):
    """One more contact of a card."""

    type = forms.ChoiceField(label=gettext_lazy("Kind"), choices=CONTACT_TYPES)
    value = forms.CharField(
        label=gettext_lazy("Number, address or name"),
        max_length=300,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    label = forms.CharField(label=gettext_lazy("Whose or what for"), max_length=100, required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = sight(actor)
        types = [one for one in CONTACT_TYPES if seen.allows(one[0].partition(":")[0])]
        self.fields["type"].choices = types  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "type" in data and "value" in data:
            kind, _colon, service = data["type"].partition(":")
            try:
                data["contact"] = read_contact(
                    kind, data["value"], service=service, label=data.get("label", "")
                )
            except ValidationError as error:
                self.add_error("value", error.messages)
        return data


class FieldForm(UiForm):
    """One field of the card, edited in place."""

    def __init__(
        self, data: QueryDict | None, files: Any = None, *, name: str, client: Client, actor: User
    ) -> None:
        if name == "tags":
            current = COLLECTIONS["tags"].current(client)
            initial = {"tags": ", ".join(entry["name"] for entry in current)}
            made: forms.Field = forms.CharField(
                label=_("Tags"), required=False, max_length=2000, widget=SuggestInput(known_tags)
            )
        else:
            initial = initial_of(client, [name], actor)
            field = own_field("client", name)
            made = input_of(field, actor, value=initial[name]) if field else form_field(name)
        super().__init__(data, files, initial=initial)
        dress(made)
        self.fields[name] = made
        self.name, self.client = name, client

    @property
    def bound(self) -> forms.BoundField:
        return self[self.name]

    @property
    def is_long(self) -> bool:
        """Whether Enter is needed for lines, so that a button saves."""
        own_buttons = forms.Textarea | forms.Select | forms.CheckboxSelectMultiple | forms.FileInput
        return isinstance(self.fields[self.name].widget, own_buttons)

    @property
    def is_file(self) -> bool:
        return isinstance(self.fields[self.name], forms.FileField)


class NoteForm(UiForm):
    kind = forms.ChoiceField(choices=Note.Kind.choices, initial="note", widget=forms.RadioSelect)
    text = forms.CharField(
        label=gettext_lazy("What did you learn?"),
        required=False,
        strip=False,
        max_length=20_000,
        widget=forms.Textarea(
            attrs={"rows": 2, "placeholder": gettext_lazy("What did you learn?")}
        ),
    )

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sight(actor).hides(TROUBLES):
            kinds = [one for one in Note.Kind.choices if one[0] != Note.Kind.COMPLAINT]
            self.fields["kind"].choices = kinds  # type: ignore[attr-defined]


class PersonForm(UiForm):
    """A person of a company: one of the base, or a new one by name."""

    person = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=300, required=False)
    position = forms.CharField(label=gettext_lazy("Position"), max_length=200, required=False)
    role = forms.ChoiceField(
        label=gettext_lazy("Role in the decision"),
        choices=CompanyPerson.Role.choices,
        required=False,
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )
    since = forms.DateField(
        label=gettext_lazy("Works there since"), required=False, widget=forms.DateInput
    )
    until = forms.DateField(
        label=gettext_lazy("Worked there until"), required=False, widget=forms.DateInput
    )


class RelationForm(UiForm):
    """What another client is to this one."""

    side = forms.ChoiceField(label=gettext_lazy("Who it is to this client"))
    name = forms.CharField(label=gettext_lazy("Client"), max_length=300, required=False)
    other = forms.IntegerField(required=False, widget=forms.HiddenInput)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def __init__(self, data: QueryDict | None, *, client: Client) -> None:
        super().__init__(data)
        self.fields["side"].choices = [  # type: ignore[attr-defined]
            (side.name, str(side.word).capitalize()) for side in sides_for(client)
        ]


class NoteOfRelationForm(UiForm):
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)


class SegmentForm(UiForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    is_shared = forms.BooleanField(
        label=gettext_lazy("For everybody"), required=False, initial=True
    )


class AssignForm(UiForm):
    responsible = forms.ChoiceField(label=gettext_lazy("Responsible"))
    reason = forms.CharField(
        label=pgettext_lazy("hand-over", "Reason"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("It goes to the history of the card."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = people_choices("")[1:]
        self.fields["responsible"].choices = [  # type: ignore[attr-defined]
            ("", "—"),
            *people,
            ("nobody", _("nobody")),
        ]


class TagForm(UiForm):
    tag = forms.CharField(label=gettext_lazy("Tag"), max_length=60, widget=SuggestInput(known_tags))
    remove = forms.BooleanField(label=gettext_lazy("Take this tag off instead"), required=False)


class ToSegmentForm(UiForm):
    segment = forms.ChoiceField(label=gettext_lazy("Segment"), required=False)
    name = forms.CharField(label=gettext_lazy("or a new one"), max_length=100, required=False)

    def __init__(self, *args: Any, segments: Sequence[Segment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["segment"].choices = [  # type: ignore[attr-defined]
            ("", pgettext("segment", "new")),
            *((str(segment.pk), segment.name) for segment in segments),
        ]


class EntryRuleForm(UiForm):
    """Two answers for each way that new clients come in by."""

    def __init__(self, data: QueryDict | None) -> None:
        super().__init__(data)
        labels = dict(EntryRule.Answer.choices)
        self.sections: list[tuple[str, list[str]]] = []
        for entrance in ENTRANCES:
            rule = rule_of(entrance.name)
            for name in ("exact", "likely"):
                column: Any = EntryRule._meta.get_field(name)
                label = str(column.verbose_name)
                field = forms.ChoiceField(
                    label=label[:1].upper() + label[1:],
                    choices=[(answer, labels[answer]) for answer in entrance.answers],
                    initial=getattr(rule, name),
                )
                dress(field)
                self.fields[f"{entrance.name}-{name}"] = field
            names = [f"{entrance.name}-{name}" for name in ("exact", "likely")]
            self.sections.append((str(entrance.label), names))

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(label, [self[name] for name in names]) for label, names in self.sections]

    def rules(self) -> list[tuple[str, str, str]]:
        """Entrance and its two answers."""
        data = self.cleaned_data
        return [
            (one.name, data[f"{one.name}-exact"], data[f"{one.name}-likely"]) for one in ENTRANCES
        ]
