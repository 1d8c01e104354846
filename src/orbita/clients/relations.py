"""What clients can be to each other: the kinds of relations, the words for both sides."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orbita.clients.models import Client, Relation

Kind = Relation.Kind
PEOPLE = frozenset[str]({Client.Kind.PERSON})
COMPANIES = frozenset[str]({Client.Kind.COMPANY})
ANYBODY = PEOPLE | COMPANIES


@dataclass(frozen=True)
class Side:
    """What the other client is to this one. `hers` and `his` are the words when the sex is known."""

    name: str
    word: str | Promise
    hers: str | Promise = ""
    his: str | Promise = ""

    def word_for(self, other: Client) -> str:
        known = {"f": self.hers, "m": self.his}
        return str(known.get(other.sex) or self.word)


@dataclass(frozen=True)
class RelationKind:
    """`up` is what `Relation.other` is to `Relation.client`, `down` the other way round.

    Equals have the same word on both sides. A `single` kind is held with one `other` at most, and
    goes in no circle.
    """

    name: Kind
    up: Side
    down: Side
    joins: frozenset[str]
    single: bool = False
    family: bool = False

    @property
    def is_mutual(self) -> bool:
        return self.up is self.down


_SPOUSE = Side("spouse", _("spouse"), _("wife"), _("husband"))
_SIBLING = Side("sibling", _("brother or sister"), _("sister"), _("brother"))
_RELATIVE = Side("relative", _("relative"))
_HOUSEHOLD = Side("household", _("of one household"))
_FRIEND = Side("friend", pgettext_lazy("of a client", "friend"))
_KINDS = (
    RelationKind(
        Kind.BRANCH,
        Side("head_office", _("head office")),
        Side("branch", pgettext_lazy("of a company", "branch")),
        COMPANIES,
        single=True,
    ),
    RelationKind(Kind.SPOUSE, _SPOUSE, _SPOUSE, PEOPLE, family=True),
    RelationKind(
        Kind.PARENT,
        Side("parent", _("parent"), _("mother"), _("father")),
        Side("child", _("child"), _("daughter"), _("son")),
        PEOPLE,
        family=True,
    ),
    RelationKind(Kind.SIBLING, _SIBLING, _SIBLING, PEOPLE, family=True),
    RelationKind(Kind.RELATIVE, _RELATIVE, _RELATIVE, PEOPLE, family=True),
    RelationKind(Kind.HOUSEHOLD, _HOUSEHOLD, _HOUSEHOLD, PEOPLE, family=True),
    RelationKind(Kind.FRIEND, _FRIEND, _FRIEND, PEOPLE),
    RelationKind(
        Kind.RECOMMENDED,
        Side(
            "recommended_by",
            _("recommended this client"),
            pgettext_lazy("she", "recommended"),
            pgettext_lazy("he", "recommended"),
        ),
        Side(
            "brought",
            _("came on this client’s recommendation"),
            pgettext_lazy("she", "came by recommendation"),
            pgettext_lazy("he", "came by recommendation"),
        ),
        ANYBODY,
        single=True,
    ),
)
KINDS = {str(kind.name): kind for kind in _KINDS}
# What the other is to this client → the kind, and whether the other is the upper one.
SIDES = {side.name: (kind, side is kind.up) for kind in _KINDS for side in (kind.down, kind.up)}
FAMILY = tuple(kind.name for kind in _KINDS if kind.family)


def sides_for(client: Client) -> Iterator[Side]:
    """What others can be to this client."""
    for kind in _KINDS:
        if client.kind in kind.joins:
            yield kind.up
            if not kind.is_mutual:
                yield kind.down


def side_of(relation: Relation, client_id: int) -> Side:
    """What the other client of the relation is to this one."""
    kind = KINDS[relation.kind]
    return kind.up if relation.client_id == client_id else kind.down


def other_id(relation: Relation, client_id: int) -> int:
    """The other client of the relation, seen from this one."""
    return relation.other_id if relation.client_id == client_id else relation.client_id


def relations_of(client_id: int) -> "QuerySet[Relation]":
    return Relation.objects.filter(Q(client=client_id) | Q(other=client_id))
