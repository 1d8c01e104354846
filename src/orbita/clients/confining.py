"""Roles that work only with the clients of chosen segments."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from orbita.accounts import confining, policy
from orbita.clients.leaning import leans_on
from orbita.core.rules import EVERYTHING, NOTHING, RuleError, compile_rule

if TYPE_CHECKING:
    from orbita.clients.models import Client

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


def is_within(actor: Any, client: "Client") -> bool:
    """Whether the client lies within the bounds of the actor's role; one query when it has any."""
    from orbita.clients.models import Client

    bounds = within_bounds(actor)
    return not bounds or Client.objects.filter(bounds, pk=client.pk).exists()


def require_within(actor: Any, client: "Client") -> None:
    """For what reaches a client otherwise than by `visible_to`. Raises `Denied`."""
    if not is_within(actor, client):
        raise policy.Denied(_("Your role works only with clients of other segments."))


def _any_of(chosen: frozenset[int]) -> Q:
    # Reading a file takes the models alone, and a third of its start was all that signs people in.
    from orbita.accounts.actions import service_user
    from orbita.clients.models import Segment

    reader, found = service_user(), NOTHING
    rules = dict(Segment.objects.values_list("pk", "rule"))
    for pk in sorted(chosen & rules.keys()):
        # Whom a segment that is gone held nobody knows: “not in it” would be everybody.
        if not leans_on(rules[pk], rules) <= rules.keys():
            continue
        try:
            # An empty condition is everybody, and would vanish from the sum.
            found |= compile_rule("client", rules[pk], actor=reader) or EVERYTHING
        except RuleError:
            continue
    return found


def choices() -> Mapping[int, str]:
    """The segments that a role may be bound to: all that everybody sees."""
    from orbita.clients.models import Segment

    return dict(Segment.objects.filter(is_shared=True).values_list("pk", "name"))
