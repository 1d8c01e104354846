"""Everything that changes saved views and what people chose for their lists."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core.events import changes, emit
from orbita.core.rules import Rule
from orbita.core.text import clean_line
from orbita.ui.models import ListChoice, SavedView

MOST_VIEWS = 100


def save_view(
    *,
    actor: User,
    list_name: str,
    name: str,
    rule: Rule,
    text: str = "",
    sort: str = "",
    columns: Sequence[str] | None = None,
    is_shared: bool = False,
) -> SavedView:
    """A new view of the actor. Sharing it needs `ui.share_views`."""
    if is_shared:
        policy.require(actor, "ui.share_views")
    view = SavedView(
        list_name=list_name,
        owner=actor,
        name=clean_line(name),
        is_shared=is_shared,
        rule=dict(rule),
        text=text,
        sort=sort,
        columns=list(columns) if columns is not None else None,
    )
    if not view.name:
        raise ValidationError({"name": _("Give the view a name.")})
    view.full_clean(exclude=["rule", "columns", "deleted_at"])
    if SavedView.objects.filter(owner=actor, deleted_at=None).count() >= MOST_VIEWS:
        raise ValidationError(_("You have too many views: delete those you do not need."))
    with transaction.atomic():
        view.save()
        _log("view.saved", actor, view, data={"after": _fields(view)})
    return view


def change_view(
    *, actor: User, view: SavedView, rule: Rule, text: str, sort: str, columns: Sequence[str] | None
) -> SavedView:
    """Keeps the present filters, order and columns in a view that exists."""
    _require_editable(actor, view)
    before = _fields(view)
    view.rule, view.text, view.sort = dict(rule), text, sort
    if columns is not None:
        view.columns = list(columns)
    with transaction.atomic():
        view.save(update_fields=["rule", "text", "sort", "columns"])
        _log("view.changed", actor, view, data=changes(before, _fields(view)))
    return view


def delete_view(*, actor: User, view: SavedView) -> None:
    """Puts a view aside; `restore_view` brings it back."""
    _require_editable(actor, view)
    view.deleted_at = timezone.now()
    with transaction.atomic():
        view.save(update_fields=["deleted_at"])
        _log("view.deleted", actor, view, data={"before": _fields(view)})


def restore_view(*, actor: User, view: SavedView) -> None:
    _require_editable(actor, view)
    view.deleted_at = None
    with transaction.atomic():
        view.save(update_fields=["deleted_at"])
        _log("view.restored", actor, view, data={"after": _fields(view)})


def choose_columns(*, actor: User, list_name: str, view_key: str, columns: Sequence[str]) -> None:
    """The actor's columns in one view of a list; an empty choice goes back to the view's own."""
    with transaction.atomic():
        choice = _choice(actor, list_name)
        chosen = {key: value for key, value in choice.columns.items() if key != view_key}
        if columns:
            chosen[view_key] = list(columns)
        choice.columns = chosen
        choice.save(update_fields=["columns"])


def choose_default_view(*, actor: User, list_name: str, view_key: str) -> None:
    """The view that the list opens with for the actor."""
    with transaction.atomic():
        choice = _choice(actor, list_name)
        choice.default_view = view_key
        choice.save(update_fields=["default_view"])


def _choice(actor: User, list_name: str) -> ListChoice:
    choice, _created = ListChoice.objects.select_for_update().get_or_create(
        user=actor, list_name=list_name
    )
    return choice


def _require_editable(actor: User, view: SavedView) -> None:
    if view.owner_id == actor.pk:
        return
    if not (view.is_shared and actor.role.is_administrator):
        raise policy.Denied(_("Only the owner of a view may change it."))


def _fields(view: SavedView) -> dict[str, Any]:
    return {
        "name": view.name,
        "is_shared": view.is_shared,
        "rule": view.rule,
        "text": view.text,
        "sort": view.sort,
        "columns": view.columns,
    }


def _log(kind: str, actor: User, view: SavedView, data: dict[str, Any]) -> None:
    emit(kind, actor=actor, subject_type="view", subject_id=view.pk, data=data)
