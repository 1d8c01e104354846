"""What the API takes and gives."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyAddress,
    StringConstraints,
)

# PostgreSQL cannot keep NUL in a text.
NO_NUL = r"^[^\x00]*$"
Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20, pattern=NO_NUL)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60, pattern=NO_NUL)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=NO_NUL)]
Filled = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=NO_NUL)
]
Remark = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300, pattern=NO_NUL)]
LongText = Annotated[str, StringConstraints(max_length=10_000, pattern=NO_NUL)]
DealName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=NO_NUL)]
RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]


def _text_only(value: object) -> object:
    """Pydantic also takes seconds since 1970; the document promises text."""
    if value is None or isinstance(value, str):
        return value
    raise ValueError("a text is expected")


def _within_centuries(value: datetime) -> datetime:
    """Moments at the ends of the calendar have no place in other time zones."""
    if 1800 <= value.year < 2200:
        return value
    raise ValueError("the moment is out of range")


# In bodies JSON's own types count: 0 is not false, "1" is not a number.
BodyId = Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]
Version = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
Ordinal = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Flag = Annotated[bool, Field(strict=True)]
Moment = Annotated[AwareDatetime, BeforeValidator(_text_only), AfterValidator(_within_centuries)]
Day = Annotated[date, BeforeValidator(_text_only)]


# Values of own fields by their keys; what each may be is told by `GET /fields`.
OwnValue = (
    Annotated[str, StringConstraints(max_length=20_000, pattern=NO_NUL)]
    | Annotated[bool, Field(strict=True)]
    | Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
    | Annotated[list[Short], Field(max_length=100)]
    | None
)
OwnKey = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
OwnIn = Annotated[dict[OwnKey, OwnValue], Field(max_length=200)]


class Strict(Schema):
    """Unknown fields are refused: a typo must not look like success."""

    model_config = ConfigDict(extra="forbid")


class ContactIn(Strict):
    kind: Literal["phone", "email", "messenger", "link"]
    value: Filled
    service: Word = ""
    label: Label = ""
    is_main: Flag = False


class Contact(Schema):
    id: int
    kind: str
    service: str
    value: str
    key: str
    label: str
    is_main: bool
    mark: str = Field("", description="wrong, unreachable, refused; empty for a usable contact.")
    confirmed_at: datetime | None = None


class ClientRow(Schema):
    """A client as lists give it."""

    id: int
    external_id: str | None
    kind: str
    name: str
    city: str
    responsible_id: int | None
    status: str = Field(description="The step of the ladder, by rule.")
    base_kind: str
    orders_count: int | None
    gross: str
    returned: str
    first_order_on: date | None
    last_order_on: date | None
    completeness: int | None = Field(None, description="Percent; null until it is worked out.")
    problems: list[str] = Field([], description="What is wrong with the card, by name.")
    check_on: date | None = Field(None, description="Its contacts are to be checked from this day.")
    created_at: datetime
    updated_at: datetime
    version: int
    fields: dict[str, Any] = Field(description="Values of own fields that the user may see.")


class RelationRow(Schema):
    id: int
    relation: str = Field(description="What the other client is to this one.")
    client_id: int
    name: str
    note: str


class ClientFull(ClientRow):
    last_name: str
    first_name: str
    middle_name: str
    legal_form: str
    legal_name: str
    inn: str
    kpp: str
    ogrn: str
    birthday: date | None
    sex: str
    occupation: str
    position: str
    income_level: str
    family: str
    education: str
    hobbies: str
    interests: str
    preferred_channel: str
    payment_terms: str
    delivery_terms: str
    special_terms: str
    difficulties: str
    working_hours: str
    time_zone: str
    comment: str
    tags: list[str]
    contacts: list[Contact]
    relations: list[RelationRow]


Side = Literal[
    "head_office", "branch", "spouse", "parent", "child", "sibling", "relative", "household",
    "friend", "recommended_by", "brought",
]  # fmt: skip


class RelationIn(Strict):
    relation: Side
    client_id: BodyId
    note: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] = ""


class Place(Schema):
    """A person of a company, or a company of a person: `client_id` and `name` are of the other."""

    client_id: int
    name: str
    role: str
    position: str
    since: date | None
    until: date | None


class PlaceIn(Strict):
    role: Literal["", "decides", "influences", "pays", "uses", "blocks"] = ""
    position: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] = ""
    since: Day | None = None
    until: Day | None = None


LadderMark = Literal["offer", "mailings", "asked", "refused"]


class PutMark(Schema):
    mark: str
    at: datetime
    actor_id: int | None


class Move(Schema):
    at: datetime
    was: str
    step: str
    cause: str
    orders: int
    silent: int | None


class Standing(Schema):
    status: str
    base_kind: str
    since: date | None
    changes_on: date | None = Field(description="The day when time alone changes one of them.")
    why: str
    marks: list[PutMark]
    moves: list[Move]


class Answer(Schema):
    """What a client said about one purpose and channel, and how that is known."""

    id: int
    purpose: str
    channel: str = Field(description="Empty where the purpose has no channels.")
    given: bool
    at: datetime
    source: str
    text_version: int | None = Field(description="Of the text that was agreed to.")
    address: str | None
    proof: str
    is_current: bool


class Permitted(Schema):
    """Whether the client may be reached for a purpose by a channel, and if not, why not."""

    purpose: str
    channel: str
    allowed: bool
    reason: str


class Consents(Schema):
    may: list[Permitted]
    answers: list[Answer] = Field(description="Newest first.")


class AnswerIn(Strict):
    purpose: Literal["service", "advertising", "profiling"]
    channels: Annotated[
        list[Literal["email", "sms", "messenger", "call"]],
        Field(max_length=4, description="Only advertising has channels, and needs at least one."),
    ] = []
    given: bool
    source: Literal["paper", "form", "phone", "email", "messenger", "api"] = "api"
    at: Moment | None = Field(None, description="When it was said; now without it.")
    text_version: int | None = Field(None, ge=1, le=10_000)
    address: IPvAnyAddress | None = Field(None, description="Where the form was sent from.")
    proof: Text = ""


class ProductRow(Schema):
    id: int
    kind: str
    name: str
    sku: str | None
    group: str | None
    unit: str
    currency: str
    price: str | None
    cost: str | None = Field(None, description="Null without the right to see costs.")
    is_active: bool
    version: int
    fields: dict[str, Any] = Field(description="Values of own fields that the user may see.")


class OrderRow(Schema):
    id: int
    kind: str
    number: str
    external_id: str | None
    client_id: int | None
    ordered_at: datetime
    business_date: date
    status: str
    currency: str
    total: str
    discount: str
    payment: str
    paid: str
    delivery: str
    promised_on: date | None
    delivered_on: date | None
    responsible_id: int | None
    version: int
    fields: dict[str, Any] = Field(description="Values of own fields that the user may see.")


class OrderLineRow(Schema):
    ordinal: int
    product_id: int | None
    name: str
    quantity: str
    price: str
    discount: str
    total: str


class OrderFull(OrderRow):
    return_of_id: int | None
    delivery_method: str
    delivery_address: str
    comment: str
    lines: list[OrderLineRow]


Quantity = Annotated[
    Decimal,
    Field(gt=0, lt=10**9, max_digits=12, decimal_places=3, description="Up to three decimals."),
]
UnitPrice = Annotated[Decimal, Field(ge=0, lt=10**11, max_digits=15, decimal_places=4)]
NotNegative = Annotated[Decimal, Field(ge=0, lt=10**12, max_digits=14, decimal_places=2)]
Currency = Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")]


class ProductIn(Strict):
    name: Filled
    kind: Literal["good", "service"] = "good"
    sku: Short | None = None
    group: Text = ""
    unit: Word = ""
    currency: Currency = ""
    price: UnitPrice | None = None
    cost: UnitPrice | None = None
    is_active: Flag = True
    description: LongText = ""
    fields: OwnIn = {}


class ProductPatch(ProductIn):
    name: Filled = "-"
    version: Version | None = None


class OrderLineIn(Strict):
    """A line: a product of the catalogue, or a name."""

    product_id: BodyId | None = None
    name: Text = ""
    quantity: Quantity = Decimal(1)
    price: UnitPrice
    discount: NotNegative = Decimal(0)


class OrderIn(Strict):
    kind: Literal["sale", "return"] = "sale"
    number: Short = ""
    origin: Short = ""
    external_id: (
        Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)] | None
    ) = None
    client_id: BodyId | None = None
    ordered_at: Moment | None = None
    status: Literal["new", "confirmed", "done", "cancelled"] = "new"
    currency: Currency = ""
    discount: NotNegative = Decimal(0)
    comment: Remark = ""
    delivery_method: Label = ""
    delivery_address: Text = ""
    promised_on: Day | None = None
    fields: OwnIn = {}
    lines: Annotated[list[OrderLineIn], Field(min_length=1, max_length=500)]


class StatusIn(Strict):
    status: Literal["new", "confirmed", "done", "cancelled"]


class PaymentIn(Strict):
    amount: Annotated[Decimal, Field(gt=-(10**12), lt=10**12, max_digits=14, decimal_places=2)]
    paid_at: Moment | None = None


class ReturnLineIn(Strict):
    ordinal: Ordinal
    quantity: Quantity


class ReturnIn(Strict):
    lines: Annotated[list[ReturnLineIn], Field(max_length=500)] = []
    comment: Remark = ""


class DealRow(Schema):
    id: int
    name: str
    client_id: int | None
    pipeline_id: int
    stage_id: int
    state: Literal["open", "won", "lost"]
    stage_since: datetime
    currency: str
    amount: str | None
    expected_on: date | None
    source_id: int | None
    responsible_id: int | None
    next_step: str
    next_step_on: date | None
    loss_reason_id: int | None
    come_back_on: date | None
    order_id: int | None
    repeats_id: int | None = Field(description="The deal that this one repeats.")
    created_at: datetime
    closed_at: datetime | None
    updated_at: datetime
    version: int
    fields: dict[str, Any] = Field(description="Values of own fields that the user may see.")


class StageStayRow(Schema):
    stage_id: int
    entered_at: datetime
    left_at: datetime | None = Field(description="Null while the deal stands there.")


class DealFull(DealRow):
    comment: str
    helper_ids: list[int]
    stays: list[StageStayRow]


class DealPatch(Strict):
    name: DealName = ""
    client_id: BodyId | None = None
    amount: NotNegative | None = None
    currency: Currency = ""
    expected_on: Day | None = None
    source_id: BodyId | None = None
    responsible_id: BodyId | None = None
    helper_ids: Annotated[list[BodyId], Field(max_length=50)] = []
    next_step: DealName = ""
    next_step_on: Day | None = None
    comment: Annotated[str, StringConstraints(max_length=5000, pattern=NO_NUL)] = ""
    fields: OwnIn = {}
    version: Version | None = None


class DealIn(Strict):
    """Without a responsible, the token's user is."""

    name: DealName = ""
    client_id: BodyId | None = None
    pipeline_id: BodyId | None = None
    stage_id: BodyId | None = None
    amount: NotNegative | None = None
    currency: Currency = ""
    expected_on: Day | None = None
    source_id: BodyId | None = None
    responsible_id: BodyId | None = None
    helper_ids: Annotated[list[BodyId], Field(max_length=50)] = []
    next_step: DealName = ""
    next_step_on: Day | None = None
    comment: Annotated[str, StringConstraints(max_length=5000, pattern=NO_NUL)] = ""
    fields: OwnIn = {}


class DealMoveIn(Strict):
    stage_id: BodyId
    seen_stage_id: BodyId | None = Field(
        None, description="The stage you saw the deal in; moved on since, it stays there: 409."
    )
    loss_reason_id: BodyId | None = None
    comment: Remark = ""
    come_back_on: Day | None = None


class StageRow(Schema):
    """`probability` is in per cent; `required` names what must be filled in before a deal comes here."""

    id: int
    name: str
    kind: Literal["open", "won", "lost"]
    colour: str
    probability: int
    limit_days: int | None
    required: list[str]
    in_use: bool


class PipelineRow(Schema):
    id: int
    name: str
    in_use: bool
    stages: list[StageRow]


class LossReasonRow(Schema):
    id: int
    parent_id: int | None
    name: str
    in_use: bool


class Pipelines(Schema):
    pipelines: list[PipelineRow]
    loss_reasons: list[LossReasonRow]


class ClientIn(Strict):
    """A person (`name` alone is taken apart by itself) or a company."""

    kind: Literal["person", "company"] = "person"
    name: Text = ""
    last_name: Label = ""
    first_name: Label = ""
    middle_name: Label = ""
    legal_form: Annotated[str, StringConstraints(max_length=30, pattern=NO_NUL)] = ""
    legal_name: Text = ""
    inn: Word = ""
    kpp: Word = ""
    ogrn: Word = ""
    birthday: Day | None = None
    sex: Literal["", "f", "m"] = ""
    occupation: Text = ""
    position: Text = ""
    income_level: Label = ""
    family: Text = ""
    education: Text = ""
    hobbies: Text = ""
    interests: Text = ""
    preferred_channel: Literal["", "phone", "email", "sms", "telegram", "whatsapp", "vk", "max"] = (
        ""
    )
    payment_terms: Text = ""
    delivery_terms: Text = ""
    special_terms: Text = ""
    difficulties: Remark = ""
    working_hours: Label = ""
    time_zone: Annotated[str, StringConstraints(max_length=64, pattern=NO_NUL)] = ""
    comment: LongText = ""
    external_id: (
        Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)] | None
    ) = None
    contacts: Annotated[list[ContactIn], Field(max_length=100)] = []
    tags: Annotated[list[Short], Field(max_length=100)] = []
    fields: OwnIn = {}


class ClientPatch(ClientIn):
    version: Version | None = None


class OwnOption(Schema):
    key: str
    label: str
    colour: str


class OwnFieldRow(Schema):
    """An own field that the user may see. Its values stand in `fields` of its records, by `key`."""

    subject: Literal["client", "order", "product", "deal"]
    key: str
    label: str
    kind: str
    group: str
    help: str
    holder: str = Field(description="person or company; empty for both.")
    is_required: bool
    is_unique: bool
    is_filterable: bool
    is_compared: bool = Field(description="The same value in two cards tells a duplicate.")
    may_change: bool
    options: list[OwnOption]


class RfmGroup(Schema):
    key: str
    name: str


class RfmOverview(Schema):
    as_of: date | None
    computed_at: datetime | None
    settings: dict[str, Any]
    cut_points: dict[str, Any]
    groups: list[RfmGroup]


class RfmRow(Schema):
    """The scores of a client; `id` is the client's. `frequency` and `f` are null when not known."""

    id: int
    external_id: str | None
    last_on: date
    frequency: int | None
    monetary: str
    r: int
    f: int | None
    m: int
    group: str


class ImportRow(Schema):
    id: int
    file_name: str
    status: str
    match: list[str]
    on_match: str
    source: str
    total: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    undone_at: datetime | None


class CartLineIn(Strict):
    product_id: BodyId | None = None
    name: Text = ""
    quantity: Quantity = Decimal(1)
    price: UnitPrice


class CartIn(Strict):
    origin: Short = ""
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
    client_id: BodyId | None = None
    currency: Currency = ""
    lines: Annotated[list[CartLineIn], Field(min_length=1, max_length=500)]


class CartRow(Schema):
    id: int
    origin: str
    external_id: str
    client_id: int | None
    currency: str
    total: str
    order_id: int | None


class ProductViewIn(Strict):
    client_id: BodyId
    product_id: BodyId
    viewed_at: Moment | None = None


class ProductViewRow(Schema):
    id: int
    client_id: int
    product_id: int
    viewed_at: datetime
