"""Named rules over clients."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.confining import roles_within
from orbita.accounts.models import Role, User
from orbita.clients.confining import SEGMENTS
from orbita.clients.leaning import leans_on
from orbita.clients.models import Client, Segment
from orbita.core.events import changes, emit, payload_of
from orbita.core.models import Event
from orbita.core.rules import LONGEST_LIST, Rule, RuleError, compile_rule
from orbita.core.text import clean_line, normalise


def create_segment(*, actor: User, name: str, rule: Rule, is_shared: bool = True) -> Segment:
    """A new segment of the actor. Raises `ValidationError` when the rule cannot be read."""
    policy.require(actor, "segments.edit")
    segment = Segment(author=actor)
    _fill(segment, actor, name, rule, is_shared)
    with transaction.atomic():
        segment.save(force_insert=True)
        _emit("segment.created", actor, segment, {"after": _fields(segment)})
    return segment


def change_segment(
    *,
    actor: User,
    segment: Segment,
    name: str | None = None,
    rule: Rule | None = None,
    is_shared: bool | None = None,
) -> Event | None:
    """Changes what is given; returns the event, or None when nothing differs."""
    policy.require(actor, "segments.edit", segment)
    _require_no_bounds(actor, segment)
    before = _fields(segment)
    _fill(
        segment,
        actor,
        segment.name if name is None else name,
        segment.rule if rule is None else rule,
        segment.is_shared if is_shared is None else is_shared,
    )
    difference = changes(before, _fields(segment))
    if not difference["after"]:
        return None
    with transaction.atomic():
        segment.save()
        return _emit("segment.changed", actor, segment, difference)


def add_to_segment(*, actor: User, segment: Segment, client_ids: Iterable[int]) -> Event | None:
    """Lets these clients into the segment by their numbers, beside whom its rule finds."""
    policy.require(actor, "segments.edit", segment)
    ids = sorted(set(client_ids))
    rows = Client.objects.visible_to(actor).filter(pk__in=ids)
    numbers = sorted({*_listed(segment.rule), *rows.values_list("pk", flat=True)})
    if len(numbers) > LONGEST_LIST:
        raise ValidationError(_("The list of values is too long."))
    listed = {"fact": "number", "op": "in", "value": numbers}
    rest = _without_list(segment.rule)
    return change_segment(
        actor=actor, segment=segment, rule={"any": [rest, listed]} if rest else listed
    )


def _is_list(rule: Any) -> bool:
    return isinstance(rule, Mapping) and rule.get("fact") == "number" and rule.get("op") == "in"


def _bound_by(segment: Segment) -> list[Role]:
    """The roles whose bounds this segment is, or a part of."""
    rules = dict(Segment.objects.values_list("pk", "rule"))
    leaning = {segment.pk, *(pk for pk in rules if segment.pk in leans_on(rules[pk], rules))}
    return [role for one in sorted(leaning) for role in roles_within(SEGMENTS, one)]


def _require_no_bounds(actor: User, segment: Segment) -> None:
    """Whoever is kept within a segment does not widen it: only administrators change such a one."""
    bound = [] if actor.role.is_administrator else _bound_by(segment)
    if bound:
        raise policy.Denied(
            _(
                "The role “%(role)s” works only with clients of this segment: an administrator may change it."
            )
            % {"role": bound[0]}
        )


def _listed(rule: Mapping[str, Any]) -> list[int]:
    parts = rule.get("any", [rule])
    return [int(pk) for part in parts if _is_list(part) for pk in part["value"]]


def _without_list(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    if _is_list(rule):
        return {}
    if "any" not in rule:
        return rule
    rest = [part for part in rule["any"] if not _is_list(part)]
    return rest[0] if len(rest) == 1 else {"any": rest} if rest else {}


def delete_segment(*, actor: User, segment: Segment) -> Event:
    """Deletes the rule; the event keeps it for `restore_segment`. Clients stay as they are."""
    policy.require(actor, "segments.edit", segment)
    if bound := _bound_by(segment):
        raise ValidationError(
            _("The role “%(role)s” works only with clients of this segment: take it off first.")
            % {"role": bound[0]}
        )
    data = {"before": _fields(segment) | {"author": segment.author_id}}
    with transaction.atomic():
        pk = segment.pk
        segment.delete()
        segment.pk = pk
        return _emit("segment.deleted", actor, segment, data)


def restore_segment(*, actor: User, event: Event) -> Segment:
    """Brings a deleted segment back under its old number."""
    policy.require(actor, "segments.edit")
    old = payload_of(event).get("before")
    if event.kind != "segment.deleted" or not old:
        raise ValidationError(_("This cannot be taken back."))
    if event.actor_id != actor.pk and policy.level(actor, "segments.edit") != policy.ALL:
        raise policy.Denied(_("Only whoever deleted the segment may bring it back."))
    if Segment.objects.filter(pk=event.subject_id or 0).exists():
        raise ValidationError(_("The segment is there already."))
    segment = Segment(pk=event.subject_id)
    segment.author = User.objects.filter(pk=old["author"]).first()
    _fill(segment, actor, old["name"], old["rule"], old["is_shared"])
    with transaction.atomic():
        segment.save(force_insert=True)
        _emit("segment.restored", actor, segment, {"after": _fields(segment)})
    return segment


def _fill(segment: Segment, actor: User, name: str, rule: Rule, is_shared: bool) -> None:
    segment.name = clean_line(name)
    if not segment.name or len(segment.name) > 100:
        raise ValidationError({"name": [_("Give the segment a name of at most 100 characters.")]})
    wanted = normalise(segment.name)
    others = Segment.objects.exclude(pk=segment.pk).values_list("name", flat=True)
    if any(normalise(other) == wanted for other in others):
        raise ValidationError({"name": [_("There is a segment with this name already.")]})
    try:
        compile_rule("client", rule, actor=actor)
        if segment.pk:
            _refuse_circle(int(segment.pk), rule)
    except RuleError as error:
        raise ValidationError({"rule": [str(error)]}) from None
    segment.rule, segment.is_shared = dict(rule), is_shared


def _refuse_circle(pk: int, rule: Any) -> None:
    """A segment may lean on others, never on itself, however far round."""
    if pk in leans_on(rule, dict(Segment.objects.values_list("pk", "rule"))):
        raise RuleError(_("A segment cannot be a condition of itself."))


def _fields(segment: Segment) -> dict[str, Any]:
    return {"name": segment.name, "rule": segment.rule, "is_shared": segment.is_shared}


def _emit(kind: str, actor: User, segment: Segment, data: Mapping[str, Any]) -> Event:
    return emit(kind, actor=actor, subject_type="segment", subject_id=segment.pk, data=data)
