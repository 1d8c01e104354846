"""Groups of likely duplicates as their open pairs make them."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Q, QuerySet

from orbita.clients.models import DuplicateGroup, DuplicatePair
from orbita.core.bulk import update_rows


def standing_pairs() -> "QuerySet[DuplicatePair]":
    return DuplicatePair.objects.filter(
        status=DuplicatePair.Status.OPEN, a__deleted_at=None, b__deleted_at=None
    ).order_by("-score", "pk")


def refresh_groups(group_ids: Collection[int]) -> None:
    """Counts these groups anew after a decision or a merge; one without open pairs is closed."""
    if not group_ids:
        return
    pairs: dict[int, list[DuplicatePair]] = defaultdict(list)
    for pair in standing_pairs().filter(group_id__in=group_ids):
        pairs[pair.group_id or 0].append(pair)
    changed = []
    for group in DuplicateGroup.objects.filter(pk__in=group_ids):
        before = (group.is_open, group.score, group.size)
        mine = pairs[group.pk]
        group.is_open = bool(mine)
        if mine:
            group.score = max(pair.score for pair in mine)
            group.size = len({pk for pair in mine for pk in (pair.a_id, pair.b_id)})
        if before != (group.is_open, group.score, group.size):
            changed.append(group)
    update_rows(
        DuplicateGroup,
        ["is_open", "score", "size"],
        ((group.pk, group.is_open, group.score, group.size) for group in changed),
    )


def groups_of(ids: Collection[int]) -> set[int]:
    rows = DuplicatePair.objects.filter(Q(a_id__in=ids) | Q(b_id__in=ids), group__isnull=False)
    return {group_id for group_id in rows.values_list("group_id", flat=True) if group_id}
