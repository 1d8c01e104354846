"""What people call the kinds of files and the meanings of columns."""

from collections.abc import Mapping
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.gateways.files.fields import KINDS, NEW_DOCUMENT, NEW_FIELD, fields_of

Label = str | Promise

KIND_LABELS: Mapping[str, Label] = {
    "clients": _("clients"),
    "sales": _("sales with their clients"),
    "orders": _("orders"),
    "products": _("goods and services"),
}
KIND_HELP: Mapping[str, Label] = {
    "clients": _("A row is a client. Sums and dates of purchases become totals from the past."),
    "sales": _("A row is a sale, a visit or a line of a receipt, with the client beside it."),
    "orders": _("A row is an order or its line; clients are known by their number only."),
    "products": _("A row is something you sell, with its price."),
}

_WHO, _REACH, _WHERE = _("Who it is"), _("How to reach"), _("Where")
_PAPERS, _ABOUT, _WORK = _("Company papers"), _("About the client"), _("Work with the client")
_TOTALS, _ORDER, _LINE, _GOODS = (
    _("Purchases in totals"),
    _("Order"),
    _("What was bought"),
    _("Catalogue"),
)

# Group → field → label, in the order in which they are offered.
GROUPS: tuple[tuple[Label, dict[str, Label]], ...] = (
    (
        _WHO,
        {
            "full_name": _("whole name"),
            "last_name": _("last name"),
            "first_name": _("first name"),
            "middle_name": _("patronymic"),
            "company": _("company"),
            "client_kind": _("person or company"),
            "external_id": _("client's number in your system"),
            "contact_person": _("contact person"),
        },
    ),
    (
        _REACH,
        {
            "phone": _("phone"),
            "email": _("e-mail"),
            "telegram": _("Telegram"),
            "whatsapp": _("WhatsApp"),
            "viber": _("Viber"),
            "vk": _("VK"),
            "instagram": _("Instagram"),
            "link": _("site or page"),
            "preferred_channel": _("preferred channel"),
        },
    ),
    (
        _WHERE,
        {
            "city": _("city"),
            "address": _("address"),
            "house": _("number of the house"),
            "delivery_address": _("delivery address"),
            "legal_address": _("legal address"),
            "region": _("region"),
            "country": _("country"),
            "postcode": _("postcode"),
            "time_zone": _("time zone"),
        },
    ),
    (
        _ABOUT,
        {
            "birthday": _("birthday"),
            "sex": _("sex"),
            "position": _("position"),
            "occupation": _("occupation"),
            "income_level": _("income level"),
            "family": _("family"),
            "education": _("education"),
            "hobbies": _("hobbies"),
            "interests": _("interests"),
            "note": _("note"),
        },
    ),
    (
        _WORK,
        {
            "source": _("where the client came from"),
            "recommended_by": _("who recommended this client"),
            "responsible": _("responsible"),
            "tags": _("tags"),
            "advertising": _("agreed to advertising"),
            "advertising_email": _("agreed to advertising by e-mail"),
            "advertising_sms": _("agreed to advertising by SMS"),
            "advertising_messenger": _("agreed to advertising in messengers"),
            "advertising_call": _("agreed to advertising by calls"),
            "created_on": _("in the base since"),
            "payment_terms": _("payment terms"),
            "delivery_terms": _("delivery terms"),
            "special_terms": _("special terms"),
            "working_hours": _("working hours"),
            "difficulties": _("difficulties"),
        },
    ),
    (
        _TOTALS,
        {
            "orders_total": _("bought for, in all"),
            "orders_count": _("number of purchases"),
            "last_order_on": _("date of the last purchase"),
            "first_order_on": _("date of the first purchase"),
            "orders_average": _("average purchase"),
            "last_service": _("last thing bought"),
        },
    ),
    (
        _ORDER,
        {
            "order_id": _("number of the order"),
            "ordered_at": _("date of the order"),
            "order_total": _("sum of the order"),
            "order_discount": _("discount on the order"),
            "order_status": _("status of the order"),
            "payment_status": _("state of payment"),
            "paid_amount": _("paid"),
            "payment_method": _("way of payment"),
            "delivery_status": _("state of delivery"),
            "delivery_method": _("way of delivery"),
            "delivery_cost": _("cost of delivery"),
            "promised_on": _("promised for"),
            "delivered_on": _("delivered on"),
            "seller": _("who sold or served"),
            "order_source": _("source of the order"),
            "order_note": _("comment to the order"),
        },
    ),
    (
        _LINE,
        {
            "product": _("good or service"),
            "sku": _("article"),
            "quantity": _("quantity"),
            "unit_price": _("price"),
            "line_total": _("sum of the line"),
            "line_discount": _("discount"),
            "discount_percent": _("discount in per cent"),
            "cost_price": _("cost price"),
            "currency": _("currency"),
        },
    ),
    (
        _GOODS,
        {
            "product_group": _("group of goods"),
            "product_kind": _("good or service (kind)"),
            "unit": _("unit of measure"),
            "barcode": _("barcode"),
            "stock": _("stock"),
            "product_note": _("description"),
            "is_archived": _("no longer sold"),
        },
    ),
    (
        _PAPERS,
        {
            "inn": _("INN"),
            "kpp": _("KPP"),
            "ogrn": _("OGRN"),
            "bank": _("bank"),
            "bik": _("BIK"),
            "account": _("bank account"),
            "correspondent_account": _("correspondent account"),
        },
    ),
)
LABELS: Mapping[str, Label] = {name: label for _g, group in GROUPS for name, label in group.items()}

MATCH_HELP: Mapping[str, Label] = {
    "external_id": _("the column with your own number of the client"),
    "phone": _("only when the name agrees too: families share phones"),
    "email": _("only when the name agrees too"),
    "inn": pgettext_lazy("match", "the tax number of a company or a sole trader"),
}
MATCH_LABELS: Mapping[str, Label] = {
    "external_id": _("by number"),
    "phone": _("by phone"),
    "email": _("by e-mail"),
    "inn": _("by INN"),
}
ON_MATCH_LABELS: Mapping[str, Label] = {
    "fill": _("fill in the blanks"),
    "overwrite": _("overwrite with the file"),
    "skip": _("leave as is"),
}
ON_MATCH_HELP: Mapping[str, Label] = {
    "fill": _("what is in the card stays, what is missing comes from the file"),
    "overwrite": _("the file is right; empty cells change nothing"),
    "skip": _("cards do not change; purchases are added to them"),
}


# What a column may become that there is no place for yet.
NEW_LABELS: Mapping[str, Label] = {
    NEW_FIELD: _("New field"),
    NEW_DOCUMENT: _("New field: number of a document"),
}


def new_fields(kind: str) -> dict[str, Label]:
    """The new fields that a column of this kind of file may become; documents are people's."""
    names = (NEW_FIELD, NEW_DOCUMENT) if kind in ("clients", "sales") else (NEW_FIELD,)
    return {name: NEW_LABELS[name] for name in names}


@cache
def offered(kind: str) -> tuple[tuple[Label, tuple[tuple[str, Label], ...]], ...]:
    """The groups of meanings that a column may have in this kind of file."""
    allowed = {field.name for field in fields_of(kind if kind in KINDS else "clients")}
    groups = (
        (group, tuple((name, label) for name, label in fields.items() if name in allowed))
        for group, fields in GROUPS
    )
    return tuple((group, fields) for group, fields in groups if fields)
