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
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

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

_ADS, _FRIENDS, _SIGN = (
    gettext_lazy("Advertising"),
    gettext_lazy("Friends advised"),
    gettext_lazy("Passed by"),
)
_SEARCH, _MAPS, _SOCIAL = (
    gettext_lazy("Internet search"),
    gettext_lazy("Maps"),
    gettext_lazy("Social networks"),
)
_MARKET, _FAIR = gettext_lazy("Marketplace"), gettext_lazy("Exhibition")
_COLD, _SITE = gettext_lazy("Our cold call"), gettext_lazy("Our site")

_SALON = Trade(
    "salon",
    gettext_lazy("Beauty salon"),
    (
        Plan(
            "favourite_master",
            gettext_lazy("Favourite master"),
            Kind.TEXT,
            gettext_lazy("Care"),
            is_searchable=True,
        ),
        Plan(
            "skin_type",
            gettext_lazy("Skin type"),
            Kind.CHOICE,
            gettext_lazy("Care"),
            (
                (pgettext_lazy("skin", "normal"), ""),
                (pgettext_lazy("skin", "dry"), ""),
                (pgettext_lazy("skin", "oily"), ""),
                (pgettext_lazy("skin", "combination"), ""),
                (pgettext_lazy("skin", "sensitive"), "watch"),
            ),
        ),
        Plan("hair_colour", gettext_lazy("Hair dye formula"), Kind.TEXT, gettext_lazy("Care")),
        Plan(
            "allergies",
            gettext_lazy("Allergies"),
            Kind.LONG,
            gettext_lazy("Care"),
            is_searchable=True,
        ),
        Plan(
            "services_liked",
            gettext_lazy("Interested in"),
            Kind.CHOICES,
            gettext_lazy("Care"),
            (
                (gettext_lazy("Manicure"), "grow"),
                (gettext_lazy("Haircut"), "keep"),
                (gettext_lazy("Hair colouring"), "watch"),
                (gettext_lazy("Cosmetology"), "wake"),
                (gettext_lazy("Massage"), ""),
            ),
        ),
        Plan("next_visit", gettext_lazy("Should come again on"), Kind.DATE, gettext_lazy("Care")),
        Plan("photo_allowed", gettext_lazy("May be photographed"), Kind.FLAG, gettext_lazy("Care")),
    ),
    (_FRIENDS, _MAPS, _SOCIAL, _SIGN, gettext_lazy("Online booking")),
    (gettext_lazy("Certificate"), gettext_lazy("Model for trainees")),
)

_AUTO = Trade(
    "auto",
    gettext_lazy("Auto service"),
    (
        Plan(
            "car",
            gettext_lazy("Make and model of the car"),
            Kind.TEXT,
            gettext_lazy("Car"),
            is_searchable=True,
        ),
        Plan(
            "plate",
            gettext_lazy("Number plate"),
            Kind.TEXT,
            gettext_lazy("Car"),
            is_searchable=True,
        ),
        Plan(
            "vin",
            gettext_lazy("VIN"),
            Kind.TEXT,
            gettext_lazy("Car"),
            is_searchable=True,
            is_unique=True,
        ),
        Plan("car_year", gettext_lazy("Year of the car"), Kind.NUMBER, gettext_lazy("Car")),
        Plan("mileage", gettext_lazy("Mileage, km"), Kind.NUMBER, gettext_lazy("Car")),
        Plan("next_service", gettext_lazy("Next maintenance on"), Kind.DATE, gettext_lazy("Car")),
        Plan("insurance_until", gettext_lazy("Insured until"), Kind.DATE, gettext_lazy("Car")),
        Plan(
            "repair_state",
            gettext_lazy("State of the repair"),
            Kind.CHOICE,
            gettext_lazy("Car"),
            (
                (gettext_lazy("Booked"), "grow"),
                (gettext_lazy("In work"), "watch"),
                (gettext_lazy("Waits for parts"), "save"),
                (gettext_lazy("Ready"), "keep"),
            ),
        ),
        Plan("warranty_until", gettext_lazy("Warranty until"), Kind.DATE, subject="order"),
    ),
    (_FRIENDS, _MAPS, _SIGN, _SEARCH, gettext_lazy("Insurance company")),
    (gettext_lazy("Fleet"), gettext_lazy("Own spare parts")),
)

_CLOTHES = Trade(
    "clothes",
    gettext_lazy("Clothes shop"),
    (
        Plan(
            "clothes_size",
            gettext_lazy("Clothes size"),
            Kind.CHOICE,
            gettext_lazy("Sizes"),
            tuple((size, "") for size in ("XS", "S", "M", "L", "XL", "XXL")),
        ),
        Plan("shoe_size", gettext_lazy("Shoe size"), Kind.NUMBER, gettext_lazy("Sizes")),
        Plan("height", gettext_lazy("Height, cm"), Kind.NUMBER, gettext_lazy("Sizes")),
        Plan(
            "style",
            gettext_lazy("Style"),
            Kind.CHOICES,
            gettext_lazy("Taste"),
            (
                (gettext_lazy("Classic"), "wake"),
                (gettext_lazy("Casual"), "grow"),
                (gettext_lazy("Sport"), "keep"),
                (gettext_lazy("Evening"), "watch"),
            ),
        ),
        Plan(
            "brands",
            gettext_lazy("Favourite brands"),
            Kind.TEXT,
            gettext_lazy("Taste"),
            is_searchable=True,
        ),
        Plan(
            "loyalty_card",
            gettext_lazy("Card number"),
            Kind.TEXT,
            gettext_lazy("Taste"),
            is_searchable=True,
            is_unique=True,
        ),
        Plan(
            "season",
            gettext_lazy("Season"),
            Kind.CHOICE,
            "",
            (
                (gettext_lazy("Spring and summer"), "keep"),
                (gettext_lazy("Autumn and winter"), "grow"),
                (gettext_lazy("All year"), ""),
            ),
            subject="product",
        ),
    ),
    (_SIGN, _SOCIAL, _MARKET, _FRIENDS, _ADS),
    (gettext_lazy("Told of new arrivals"), gettext_lazy("Told of sales")),
)

_TRAVEL = Trade(
    "travel",
    gettext_lazy("Travel agency"),
    (
        Plan(
            "passport_until",
            gettext_lazy("Foreign passport valid until"),
            Kind.DATE,
            gettext_lazy("Trips"),
        ),
        Plan(
            "trip_kind",
            gettext_lazy("Likes to"),
            Kind.CHOICES,
            gettext_lazy("Trips"),
            (
                (gettext_lazy("Sea and beach"), "grow"),
                (gettext_lazy("Sightseeing"), "wake"),
                (gettext_lazy("Ski"), "keep"),
                (gettext_lazy("Cruise"), "watch"),
                (gettext_lazy("Spa and health"), ""),
            ),
        ),
        Plan(
            "countries",
            gettext_lazy("Countries wanted"),
            Kind.TEXT,
            gettext_lazy("Trips"),
            is_searchable=True,
        ),
        Plan("trip_budget", gettext_lazy("Usual budget"), Kind.MONEY, gettext_lazy("Trips")),
        Plan(
            "with_children", gettext_lazy("Travels with children"), Kind.FLAG, gettext_lazy("Trips")
        ),
        Plan(
            "companion", gettext_lazy("Travels together with"), Kind.CLIENT, gettext_lazy("Trips")
        ),
        Plan(
            "trip_state",
            gettext_lazy("State of the trip"),
            Kind.CHOICE,
            gettext_lazy("Trips"),
            (
                (gettext_lazy("Choosing"), "grow"),
                (gettext_lazy("Booked"), "watch"),
                (pgettext_lazy("trip", "Paid"), "keep"),
                (gettext_lazy("Away"), "wake"),
                (gettext_lazy("Came back: ask for a review"), "save"),
            ),
        ),
        Plan("departure", gettext_lazy("Departure"), Kind.DATE, subject="order"),
    ),
    (_FRIENDS, _SOCIAL, _SEARCH, gettext_lazy("Tourist exhibition"), _SITE),
    (gettext_lazy("Early booking"), gettext_lazy("Last-minute trips")),
)

_WHOLESALE = Trade(
    "wholesale",
    gettext_lazy("Wholesale"),
    (
        Plan(
            "contract",
            gettext_lazy("Contract number"),
            Kind.TEXT,
            gettext_lazy("Contract"),
            is_searchable=True,
            holder="company",
        ),
        Plan(
            "contract_until",
            gettext_lazy("Contract valid until"),
            Kind.DATE,
            gettext_lazy("Contract"),
            holder="company",
        ),
        Plan(
            "credit_limit",
            gettext_lazy("Credit limit"),
            Kind.MONEY,
            gettext_lazy("Contract"),
            holder="company",
        ),
        Plan(
            "payment_days",
            gettext_lazy("Deferral of payment, days"),
            Kind.NUMBER,
            gettext_lazy("Contract"),
            holder="company",
        ),
        Plan(
            "price_list",
            gettext_lazy("Price list"),
            Kind.CHOICE,
            gettext_lazy("Contract"),
            (
                (gettext_lazy("Retail"), ""),
                (gettext_lazy("Small wholesale"), "grow"),
                (gettext_lazy("Large wholesale"), "keep"),
                (gettext_lazy("Dealer"), "wake"),
            ),
        ),
        Plan(
            "outlets",
            gettext_lazy("Number of outlets"),
            Kind.NUMBER,
            gettext_lazy("Business"),
            holder="company",
        ),
        Plan(
            "price_page",
            gettext_lazy("Page with their prices"),
            Kind.LINK,
            gettext_lazy("Business"),
            holder="company",
        ),
        Plan(
            "contract_file",
            gettext_lazy("Signed contract"),
            Kind.FILE,
            gettext_lazy("Contract"),
            holder="company",
        ),
        Plan(
            "waybill",
            gettext_lazy("Waybill number"),
            Kind.TEXT,
            subject="order",
            is_searchable=True,
        ),
        Plan("pack", gettext_lazy("Pieces in a box"), Kind.NUMBER, subject="product"),
    ),
    (_FAIR, _COLD, _FRIENDS, _SEARCH, _SITE),
    (gettext_lazy("Dealer"), gettext_lazy("Self-pickup")),
)

_CLINIC = Trade(
    "clinic",
    gettext_lazy("Clinic"),
    (
        Plan(
            "card_number",
            gettext_lazy("Number of the medical card"),
            Kind.TEXT,
            gettext_lazy("Patient"),
            is_searchable=True,
            is_unique=True,
        ),
        Plan(
            "policy",
            gettext_lazy("Insurance policy"),
            Kind.TEXT,
            gettext_lazy("Patient"),
            is_searchable=True,
        ),
        Plan(
            "doctor",
            gettext_lazy("Attending doctor"),
            Kind.TEXT,
            gettext_lazy("Patient"),
            is_searchable=True,
        ),
        Plan("last_checkup", gettext_lazy("Last check-up"), Kind.DATE, gettext_lazy("Patient")),
        Plan("next_checkup", gettext_lazy("Next check-up"), Kind.DATE, gettext_lazy("Patient")),
        Plan("guardian", gettext_lazy("Parent or guardian"), Kind.CLIENT, gettext_lazy("Patient")),
        Plan(
            "patient_state",
            gettext_lazy("State of the treatment"),
            Kind.CHOICE,
            gettext_lazy("Patient"),
            (
                (gettext_lazy("First visit"), "grow"),
                (gettext_lazy("In treatment"), "watch"),
                (gettext_lazy("Under observation"), "wake"),
                (gettext_lazy("Finished"), "keep"),
            ),
        ),
        Plan(
            "consent_signed",
            gettext_lazy("Consent to treatment signed"),
            Kind.FLAG,
            gettext_lazy("Patient"),
        ),
    ),
    (_FRIENDS, _MAPS, _SEARCH, gettext_lazy("Insurance company"), gettext_lazy("Sent by a doctor")),
    (gettext_lazy("Child"), gettext_lazy("Benefits")),
)

_TRAINING = Trade(
    "training",
    gettext_lazy("Training centre"),
    (
        Plan(
            "courses",
            gettext_lazy("Courses"),
            Kind.CHOICES,
            gettext_lazy("Study"),
            (
                (gettext_lazy("Languages"), "grow"),
                (gettext_lazy("Programming"), "wake"),
                (gettext_lazy("Accounting"), ""),
                (gettext_lazy("Design"), "watch"),
                (gettext_lazy("For children"), "keep"),
            ),
        ),
        Plan(
            "level",
            gettext_lazy("Level"),
            Kind.CHOICE,
            gettext_lazy("Study"),
            (
                (gettext_lazy("Beginner"), ""),
                (gettext_lazy("Intermediate"), "grow"),
                (gettext_lazy("Advanced"), "keep"),
            ),
        ),
        Plan(
            "group_name",
            gettext_lazy("Study group"),
            Kind.TEXT,
            gettext_lazy("Study"),
            is_searchable=True,
        ),
        Plan("study_start", gettext_lazy("Studies since"), Kind.DATE, gettext_lazy("Study")),
        Plan("paid_until", gettext_lazy("Paid until"), Kind.DATE, gettext_lazy("Study")),
        Plan("payer", gettext_lazy("Who pays"), Kind.CLIENT, gettext_lazy("Study")),
        Plan(
            "study_state",
            gettext_lazy("State of the study"),
            Kind.CHOICE,
            gettext_lazy("Study"),
            (
                (gettext_lazy("Trial lesson"), "grow"),
                (gettext_lazy("Studies"), "keep"),
                (gettext_lazy("On a break"), "watch"),
                (gettext_lazy("Finished"), "wake"),
                (gettext_lazy("Dropped out"), "save"),
            ),
        ),
    ),
    (_FRIENDS, _SOCIAL, _SEARCH, gettext_lazy("School or university"), _SITE),
    (gettext_lazy("Graduate"), gettext_lazy("Corporate student")),
)

TRADES = {
    trade.name: trade
    for trade in (_SALON, _AUTO, _CLOTHES, _TRAVEL, _WHOLESALE, _CLINIC, _TRAINING)
}
