"""Sets of fields, sources and tags by trade: a beginning, in the language of whoever takes it.

What a client has come to in the trade is a coloured choice among the fields: the ladder of statuses
itself follows from purchases, by rules.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext, pgettext_lazy

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.fields import actions
from orbita.clients.fields.subjects import subjects
from orbita.clients.models import AcquisitionSource, Tag
from orbita.clients.models.fields import FieldDefinition
from orbita.core.events import emit
from orbita.core.text import normalise

Kind = FieldDefinition.Kind
Label = str | Promise
Options = Sequence[tuple[Label, str]]


@dataclass(frozen=True)
class Plan:
    """A field of a set. Options are names with colours."""

    key: str
    label: Label
    kind: str
    group: Label = ""
    options: Options = ()
    subject: str = "client"
    holder: str = ""
    is_searchable: bool = False
    is_unique: bool = False


@dataclass(frozen=True)
class Trade:
    name: str
    label: Label
    fields: Sequence[Plan]
    sources: Sequence[Label]
    tags: Sequence[Label] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a set would add, in words."""

    name: str
    label: str
    fields: str
    sources: str
    tags: str


@dataclass(frozen=True, slots=True)
class Added:
    fields: int
    sources: int
    tags: int


def preview(trade: Trade) -> Preview:
    def listed(words: Iterable[Any]) -> str:
        return ", ".join(str(word) for word in words)

    return Preview(
        trade.name,
        str(trade.label),
        listed(plan.label for plan in trade.fields if plan.subject in subjects()),
        listed(trade.sources),
        listed(trade.tags),
    )


def apply(*, actor: User, trade: Trade) -> Added:
    """Adds what the base lacks of the set; fields, sources and tags of the same name stay."""
    policy.require(actor, "fields.edit")
    with transaction.atomic():
        added = Added(
            sum(_add_field(actor, plan) for plan in trade.fields if plan.subject in subjects()),
            _add_named(AcquisitionSource, trade.sources, 100),
            _add_named(Tag, trade.tags, 60),
        )
        emit(
            "fields.set_added",
            actor=actor,
            subject_type="trade",
            data={"label": str(trade.label), "fields": added.fields},
        )
    return added


def _add_field(actor: User, plan: Plan) -> bool:
    present = FieldDefinition.objects.filter(subject=plan.subject).values_list("key", "label")
    wanted = normalise(str(plan.label))
    if any(key == plan.key or normalise(label) == wanted for key, label in present):
        return False
    more: dict[str, Any] = {}
    if plan.options:
        more["options"] = [
            {"label": str(label), "colour": colour} for label, colour in plan.options
        ]
    actions.define_field(
        actor=actor,
        subject=plan.subject,
        kind=plan.kind,
        key=plan.key,
        label=str(plan.label),
        group=str(plan.group),
        holder=plan.holder,
        is_searchable=plan.is_searchable,
        is_unique=plan.is_unique,
        **more,
    )
    return True


def _add_named(model: Any, names: Sequence[Label], longest: int) -> int:
    rows = {normalise(str(name))[:longest]: str(name)[:longest] for name in names}
    known = set(model.objects.filter(name_key__in=rows).values_list("name_key", flat=True))
    new = [model(name=name, name_key=key) for key, name in rows.items() if key not in known]
    model.objects.bulk_create(new)
    return len(new)


def in_words(added: Added) -> str:
    if not (added.fields or added.sources or added.tags):
        return _("Everything of this set is there already.")
    fields = ngettext("%(n)s field", "%(n)s fields", added.fields) % {"n": added.fields}
    sources = ngettext("%(n)s source", "%(n)s sources", added.sources) % {"n": added.sources}
    tags = ngettext("%(n)s tag", "%(n)s tags", added.tags) % {"n": added.tags}
    return _("Added: %(what)s") % {"what": ", ".join([fields, sources, tags])}


# ---- the sets ----

_ADS, _FRIENDS, _SIGN = lazy("Advertising"), lazy("Friends advised"), lazy("Passed by")
_SEARCH, _MAPS, _SOCIAL = lazy("Internet search"), lazy("Maps"), lazy("Social networks")
_MARKET, _FAIR = lazy("Marketplace"), lazy("Exhibition")
_COLD, _SITE = lazy("Our cold call"), lazy("Our site")

_SALON = Trade(
    "salon",
    lazy("Beauty salon"),
    (
        Plan(
            "favourite_master",
            lazy("Favourite master"),
            Kind.TEXT,
            lazy("Care"),
            is_searchable=True,
        ),
        Plan(
            "skin_type",
            lazy("Skin type"),
            Kind.CHOICE,
            lazy("Care"),
            (
                (pgettext_lazy("skin", "normal"), ""),
                (pgettext_lazy("skin", "dry"), ""),
                (pgettext_lazy("skin", "oily"), ""),
                (pgettext_lazy("skin", "combination"), ""),
                (pgettext_lazy("skin", "sensitive"), "watch"),
            ),
        ),
        Plan("hair_colour", lazy("Hair dye formula"), Kind.TEXT, lazy("Care")),
        Plan("allergies", lazy("Allergies"), Kind.LONG, lazy("Care"), is_searchable=True),
        Plan(
            "services_liked",
            lazy("Interested in"),
            Kind.CHOICES,
            lazy("Care"),
            (
                (lazy("Manicure"), "grow"),
                (lazy("Haircut"), "keep"),
                (lazy("Hair colouring"), "watch"),
                (lazy("Cosmetology"), "wake"),
                (lazy("Massage"), ""),
            ),
        ),
        Plan("next_visit", lazy("Should come again on"), Kind.DATE, lazy("Care")),
        Plan("photo_allowed", lazy("May be photographed"), Kind.FLAG, lazy("Care")),
    ),
    (_FRIENDS, _MAPS, _SOCIAL, _SIGN, lazy("Online booking")),
    (lazy("Certificate"), lazy("Model for trainees")),
)

_AUTO = Trade(
    "auto",
    lazy("Auto service"),
    (
        Plan("car", lazy("Make and model of the car"), Kind.TEXT, lazy("Car"), is_searchable=True),
        Plan("plate", lazy("Number plate"), Kind.TEXT, lazy("Car"), is_searchable=True),
        Plan("vin", lazy("VIN"), Kind.TEXT, lazy("Car"), is_searchable=True, is_unique=True),
        Plan("car_year", lazy("Year of the car"), Kind.NUMBER, lazy("Car")),
        Plan("mileage", lazy("Mileage, km"), Kind.NUMBER, lazy("Car")),
        Plan("next_service", lazy("Next maintenance on"), Kind.DATE, lazy("Car")),
        Plan("insurance_until", lazy("Insured until"), Kind.DATE, lazy("Car")),
        Plan(
            "repair_state",
            lazy("State of the repair"),
            Kind.CHOICE,
            lazy("Car"),
            (
                (lazy("Booked"), "grow"),
                (lazy("In work"), "watch"),
                (lazy("Waits for parts"), "save"),
                (lazy("Ready"), "keep"),
            ),
        ),
        Plan("warranty_until", lazy("Warranty until"), Kind.DATE, subject="order"),
    ),
    (_FRIENDS, _MAPS, _SIGN, _SEARCH, lazy("Insurance company")),
    (lazy("Fleet"), lazy("Own spare parts")),
)

_CLOTHES = Trade(
    "clothes",
    lazy("Clothes shop"),
    (
        Plan(
            "clothes_size",
            lazy("Clothes size"),
            Kind.CHOICE,
            lazy("Sizes"),
            tuple((size, "") for size in ("XS", "S", "M", "L", "XL", "XXL")),
        ),
        Plan("shoe_size", lazy("Shoe size"), Kind.NUMBER, lazy("Sizes")),
        Plan("height", lazy("Height, cm"), Kind.NUMBER, lazy("Sizes")),
        Plan(
            "style",
            lazy("Style"),
            Kind.CHOICES,
            lazy("Taste"),
            (
                (lazy("Classic"), "wake"),
                (lazy("Casual"), "grow"),
                (lazy("Sport"), "keep"),
                (lazy("Evening"), "watch"),
            ),
        ),
        Plan("brands", lazy("Favourite brands"), Kind.TEXT, lazy("Taste"), is_searchable=True),
        Plan(
            "loyalty_card",
            lazy("Card number"),
            Kind.TEXT,
            lazy("Taste"),
            is_searchable=True,
            is_unique=True,
        ),
        Plan(
            "season",
            lazy("Season"),
            Kind.CHOICE,
            "",
            (
                (lazy("Spring and summer"), "keep"),
                (lazy("Autumn and winter"), "grow"),
                (lazy("All year"), ""),
            ),
            subject="product",
        ),
    ),
    (_SIGN, _SOCIAL, _MARKET, _FRIENDS, _ADS),
    (lazy("Told of new arrivals"), lazy("Told of sales")),
)

_TRAVEL = Trade(
    "travel",
    lazy("Travel agency"),
    (
        Plan("passport_until", lazy("Foreign passport valid until"), Kind.DATE, lazy("Trips")),
        Plan(
            "trip_kind",
            lazy("Likes to"),
            Kind.CHOICES,
            lazy("Trips"),
            (
                (lazy("Sea and beach"), "grow"),
                (lazy("Sightseeing"), "wake"),
                (lazy("Ski"), "keep"),
                (lazy("Cruise"), "watch"),
                (lazy("Spa and health"), ""),
            ),
        ),
        Plan("countries", lazy("Countries wanted"), Kind.TEXT, lazy("Trips"), is_searchable=True),
        Plan("trip_budget", lazy("Usual budget"), Kind.MONEY, lazy("Trips")),
        Plan("with_children", lazy("Travels with children"), Kind.FLAG, lazy("Trips")),
        Plan("companion", lazy("Travels together with"), Kind.CLIENT, lazy("Trips")),
        Plan(
            "trip_state",
            lazy("State of the trip"),
            Kind.CHOICE,
            lazy("Trips"),
            (
                (lazy("Choosing"), "grow"),
                (lazy("Booked"), "watch"),
                (lazy("Paid"), "keep"),
                (lazy("Away"), "wake"),
                (lazy("Came back: ask for a review"), "save"),
            ),
        ),
        Plan("departure", lazy("Departure"), Kind.DATE, subject="order"),
    ),
    (_FRIENDS, _SOCIAL, _SEARCH, lazy("Tourist exhibition"), _SITE),
    (lazy("Early booking"), lazy("Last-minute trips")),
)

_WHOLESALE = Trade(
    "wholesale",
    lazy("Wholesale"),
    (
        Plan(
            "contract",
            lazy("Contract number"),
            Kind.TEXT,
            lazy("Contract"),
            is_searchable=True,
            holder="company",
        ),
        Plan(
            "contract_until",
            lazy("Contract valid until"),
            Kind.DATE,
            lazy("Contract"),
            holder="company",
        ),
        Plan("credit_limit", lazy("Credit limit"), Kind.MONEY, lazy("Contract"), holder="company"),
        Plan(
            "payment_days",
            lazy("Deferral of payment, days"),
            Kind.NUMBER,
            lazy("Contract"),
            holder="company",
        ),
        Plan(
            "price_list",
            lazy("Price list"),
            Kind.CHOICE,
            lazy("Contract"),
            (
                (lazy("Retail"), ""),
                (lazy("Small wholesale"), "grow"),
                (lazy("Large wholesale"), "keep"),
                (lazy("Dealer"), "wake"),
            ),
        ),
        Plan("outlets", lazy("Number of outlets"), Kind.NUMBER, lazy("Business"), holder="company"),
        Plan(
            "price_page",
            lazy("Page with their prices"),
            Kind.LINK,
            lazy("Business"),
            holder="company",
        ),
        Plan(
            "contract_file", lazy("Signed contract"), Kind.FILE, lazy("Contract"), holder="company"
        ),
        Plan("waybill", lazy("Waybill number"), Kind.TEXT, subject="order", is_searchable=True),
        Plan("pack", lazy("Pieces in a box"), Kind.NUMBER, subject="product"),
    ),
    (_FAIR, _COLD, _FRIENDS, _SEARCH, _SITE),
    (lazy("Dealer"), lazy("Self-pickup")),
)

_CLINIC = Trade(
    "clinic",
    lazy("Clinic"),
    (
        Plan(
            "card_number",
            lazy("Number of the medical card"),
            Kind.TEXT,
            lazy("Patient"),
            is_searchable=True,
            is_unique=True,
        ),
        Plan("policy", lazy("Insurance policy"), Kind.TEXT, lazy("Patient"), is_searchable=True),
        Plan("doctor", lazy("Attending doctor"), Kind.TEXT, lazy("Patient"), is_searchable=True),
        Plan("last_checkup", lazy("Last check-up"), Kind.DATE, lazy("Patient")),
        Plan("next_checkup", lazy("Next check-up"), Kind.DATE, lazy("Patient")),
        Plan("guardian", lazy("Parent or guardian"), Kind.CLIENT, lazy("Patient")),
        Plan(
            "patient_state",
            lazy("State of the treatment"),
            Kind.CHOICE,
            lazy("Patient"),
            (
                (lazy("First visit"), "grow"),
                (lazy("In treatment"), "watch"),
                (lazy("Under observation"), "wake"),
                (lazy("Finished"), "keep"),
            ),
        ),
        Plan("consent_signed", lazy("Consent to treatment signed"), Kind.FLAG, lazy("Patient")),
    ),
    (_FRIENDS, _MAPS, _SEARCH, lazy("Insurance company"), lazy("Sent by a doctor")),
    (lazy("Child"), lazy("Benefits")),
)

_TRAINING = Trade(
    "training",
    lazy("Training centre"),
    (
        Plan(
            "courses",
            lazy("Courses"),
            Kind.CHOICES,
            lazy("Study"),
            (
                (lazy("Languages"), "grow"),
                (lazy("Programming"), "wake"),
                (lazy("Accounting"), ""),
                (lazy("Design"), "watch"),
                (lazy("For children"), "keep"),
            ),
        ),
        Plan(
            "level",
            lazy("Level"),
            Kind.CHOICE,
            lazy("Study"),
            ((lazy("Beginner"), ""), (lazy("Intermediate"), "grow"), (lazy("Advanced"), "keep")),
        ),
        Plan("group_name", lazy("Study group"), Kind.TEXT, lazy("Study"), is_searchable=True),
        Plan("study_start", lazy("Studies since"), Kind.DATE, lazy("Study")),
        Plan("paid_until", lazy("Paid until"), Kind.DATE, lazy("Study")),
        Plan("payer", lazy("Who pays"), Kind.CLIENT, lazy("Study")),
        Plan(
            "study_state",
            lazy("State of the study"),
            Kind.CHOICE,
            lazy("Study"),
            (
                (lazy("Trial lesson"), "grow"),
                (lazy("Studies"), "keep"),
                (lazy("On a break"), "watch"),
                (lazy("Finished"), "wake"),
                (lazy("Dropped out"), "save"),
            ),
        ),
    ),
    (_FRIENDS, _SOCIAL, _SEARCH, lazy("School or university"), _SITE),
    (lazy("Graduate"), lazy("Corporate student")),
)

TRADES = {
    trade.name: trade
    for trade in (_SALON, _AUTO, _CLOTHES, _TRAVEL, _WHOLESALE, _CLINIC, _TRAINING)
}
