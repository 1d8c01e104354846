"""The ladder in words: labels, the rules with their numbers, why a client stands where he does."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orbita.clients.models import Client, ClientMark, StatusMove
from orbita.clients.status.keeping import rules_now
from orbita.clients.status.ladder import (
    KINDS,
    POTENTIAL,
    RECORDED,
    STEP,
    STEPS,
    Known,
    Rules,
    Step,
)
from orbita.core.models import Company
from orbita.ui import formats

Payload = Mapping[str, Any]
USUAL_REGULAR = 3


def standing(client: Any) -> tuple[Step, str]:
    """The step and the base kind of a client read with its `ladder`."""
    row = getattr(client, "ladder", None)
    return (STEP[row.step], row.kind) if row else (STEP[RECORDED], POTENTIAL)


def label(name: str, rules: Rules) -> str:
    """What a step is called under these rules."""
    least = rules.numbers.regular_from
    if name == "regular" and least != USUAL_REGULAR:
        return ngettext("%(n)s order or more", "%(n)s orders or more", least) % {"n": least}
    if name == "bought" and least != USUAL_REGULAR:
        return ngettext("Fewer than %(n)s order", "Fewer than %(n)s orders", least) % {"n": least}
    return str(STEP[name].label)


def label_of(client: Any) -> str:
    """The step of a client read with `facts` and `ladder`: a buyer's with the number of orders."""
    step, _kind = standing(client)
    facts = client.facts
    if step.name != "bought":
        return label(step.name, rules_now())
    if not facts.orders_known:
        return _("Bought")
    if facts.orders_count <= 2:
        return _("Bought once") if facts.orders_count == 1 else _("Bought twice")
    return _orders(facts.orders_count)


def steps() -> list[tuple[str, str]]:
    """Every step by name, for filters."""
    rules = rules_now()
    return [(step.name, label(step.name, rules)) for step in STEPS]


def kind_label(name: str) -> str:
    return str(KINDS[name])


# ---- the rules ----


def rule_of_step(name: str, rules: Rules) -> str:
    """The condition of a step, in a sentence."""
    n = rules.numbers
    sentences = {
        "recorded": _("Everybody else: the card is there, and that is all."),
        "no_decider": _(
            "A company that somebody has talked to or whose people are known,"
            " and none of them decides."
        ),
        "offer": _("Marked “Agreed to see the offer”."),
        "mailings": _("Marked “Agreed to mailings”."),
        "asked": _("Marked “Asked for goods”."),
        "refused": _("Marked “Refused the offer”. A later agreement takes the refusal off."),
        "bought": _("Has bought something."),
        "regular": ngettext("At least %(n)s order.", "At least %(n)s orders.", n.regular_from)
        % {"n": n.regular_from},
        "left_early": _("Has stopped buying."),
        "left_long": _(
            "Has stopped buying after at least %(orders)s orders, or after at least %(days)s days"
            " between the first order and the last."
        )
        % {"orders": n.long_from, "days": n.long_days},
    }
    return sentences[name]


def rule_of_stopping(rules: Rules) -> str:
    n = rules.numbers
    sentences = [
        ngettext(
            "Stopped means silent for %(n)s own interval between orders.",
            "Stopped means silent for %(n)s own intervals between orders.",
            n.intervals,
        )
        % {"n": n.intervals},
        ngettext(
            "The own interval is the client’s average, but not less than %(n)s day.",
            "The own interval is the client’s average, but not less than %(n)s days.",
            n.least_days,
        )
        % {"n": n.least_days},
        ngettext(
            "While there is only one order, %(n)s day stands in for it.",
            "While there is only one order, %(n)s days stand in for it.",
            n.usual_days,
        )
        % {"n": n.usual_days},
    ]
    return " ".join(sentences)


def rule_of_kind(name: str, rules: Rules) -> str:
    """The condition of a base kind, in a sentence."""
    n, currency = rules.numbers, Company.current().currency
    sentences = {
        "dead_good": _("Marked as dead for good."),
        "dead_now": _("Marked as dead for now, until the day to look again."),
        "key": _("A company that has bought for at least %(sum)s after returns, not stopped.")
        % {"sum": formats.money(n.key_from * rules.minor, currency)},
        "vip": _("Has bought for at least %(sum)s after returns, not stopped.")
        % {"sum": formats.money(n.vip_from * rules.minor, currency)},
        "partner": _("At least %(orders)s orders over at least %(days)s days, not stopped.")
        % {"orders": n.long_from, "days": n.long_days},
        "regular": ngettext(
            "At least %(n)s order, not stopped.",
            "At least %(n)s orders, not stopped.",
            n.regular_from,
        )
        % {"n": n.regular_from},
        "active": _("Has bought something, not stopped."),
        "working": _("Somebody has talked to him in the last %(days)s days.")
        % {"days": n.working_days},
        "potential": _("Everybody else."),
    }
    return sentences[name]


# ---- why ----


def _orders(count: int) -> str:
    return ngettext("%(n)s order", "%(n)s orders", count) % {"n": formats.number(count)}


def _silent(days: int) -> str:
    return ngettext("%(n)s day without an order", "%(n)s days without an order", days) % {
        "n": formats.number(days)
    }


def known_of(client: Client) -> Known:
    """What the facts row says of the purchases."""
    facts = client.facts
    return Known(
        is_company=client.is_company,
        orders=facts.orders_count,
        orders_known=facts.orders_known,
        gross=facts.gross,
        returned=facts.returned,
        first_on=facts.first_order_on,
        last_on=facts.last_order_on,
    )


def why(client: Client) -> str:
    """The figures that put the client on his step; empty when the step says it all."""
    step, _kind = standing(client)
    known, rules = known_of(client), rules_now()
    if step.name in ("left_early", "left_long") and known.last_on:
        silent = (Company.current().business_date() - known.last_on).days
        return _("%(orders)s; %(silent)s, %(limit)s is the limit") % {
            "orders": _orders(known.orders),
            "silent": _silent(silent),
            "limit": rules.silence(known),
        }
    if step.name in ("bought", "regular"):
        words = _orders(known.orders) if known.orders_known else _("known from totals")
        stops_on = rules.stops_on(known)
        if stops_on is None:
            return words
        return _("%(orders)s; without a new one counts as stopped from %(day)s") % {
            "orders": words,
            "day": formats.day(stops_on),
        }
    return rule_of_step(step.name, rules) if step.name == "no_decider" else ""


def cause(move: str, orders: int, silent: int | None) -> str:
    """Why a client moved, in a few words."""
    if move == StatusMove.Cause.FACTS:
        return _orders(orders) if orders else _("by purchases and contacts")
    if move == StatusMove.Cause.TIME and silent is not None:
        return _silent(silent)
    return {
        "mark": _("by a mark"),
        "people": _("by the people of the company"),
        "rule": _("the rule was changed"),
    }.get(move, "")


def step_words(step: str) -> str:
    """What a step of the ladder is called, by its name."""
    return label(step, rules_now()) if step in STEP else step


def moved(data: Payload) -> SafeString:
    """«Статус: купил дважды → три и более заказов, 3 заказа»."""
    reason = cause(data.get("cause", ""), data.get("orders", 0), data.get("silent"))
    words = format_html(
        "{}: <s>{}</s> → <b>{}</b>",
        _("Status"),
        step_words(data["before"]["status"]),
        step_words(data["after"]["status"]),
    )
    return format_html("{}, {}", words, reason) if reason else words


def marked(data: Payload) -> SafeString:
    """«+ Согласен на рассылки; − Отказался»."""
    labels = dict(ClientMark.Mark.choices)
    parts = [
        format_html("+ <b>{}</b>", labels.get(name, name)) for name in data["after"]["marks"]
    ] + [format_html("− <s>{}</s>", labels.get(name, name)) for name in data["before"]["marks"]]
    words = format_html_join(mark_safe("; "), "{}", ((part,) for part in parts))
    return format_html("{} {}", _("Taken back:"), words) if "undoes" in data else words
