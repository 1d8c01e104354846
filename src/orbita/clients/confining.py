"""Roles that work only with the clients of chosen segments."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from orbita.accounts import confining
from orbita.accounts.actions import service_user
from orbita.core.rules import EVERYTHING, NOTHING, RuleError, compile_rule

SEGMENTS = "clients.segments"


def within_bounds(actor: Any) -> Q:
    """The condition that the bounds of the actor's role put on clients, read once per actor; an empty
    one when it has none.

    The rules are those of the business: they mean the same whoever asks, and what of cards is closed to
    the role does not loosen them. A rule that cannot be read lets nobody in.
    """
    chosen = confining.chosen_of(actor, SEGMENTS)
    if chosen is None:
        return Q()
    cached: Q | None = getattr(actor, "_within_bounds", None)
    if cached is None:
        cached = _any_of(chosen)
        actor._within_bounds = cached
    return cached


def _any_of(chosen: frozenset[int]) -> Q:
    from orbita.clients.models import Segment

    reader, found = service_user(), NOTHING
    for segment in Segment.objects.filter(pk__in=chosen):
        try:
            # An empty condition is everybody, and would vanish from the sum.
            found |= compile_rule("client", segment.rule, actor=reader) or EVERYTHING
        except RuleError:
            continue
    return found


def choices() -> Mapping[int, str]:
    """The segments that a role may be bound to: all that everybody sees."""
    from orbita.clients.models import Segment

    return dict(Segment.objects.filter(is_shared=True).values_list("pk", "name"))
