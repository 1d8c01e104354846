"""Who may what: roles as a matrix, rights for a time, explanations, looking as somebody else."""

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import actions, confining, field_rights, policy
from orbita.accounts.actions.roles import require_administrator
from orbita.accounts.explaining import RECORDS, closed_fields, explain, grant_words, level_words
from orbita.accounts.forms import GrantForm, RoleForm
from orbita.accounts.middleware import SEEN_AS, in_own_name
from orbita.accounts.models import Role, User
from orbita.accounts.views.common import accepted, tabbed
from orbita.accounts.views.profile import me

page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """All roles beside one another."""
    policy.require(request.user, "accounts.manage")
    known = list(Role.objects.annotate(people=Count("user", filter=Q(user__is_service=False))))

    def cells(permission: policy.Permission) -> list[str]:
        levels = (policy.granted_to(role, permission) for role in known)
        return [level_words(granted, scoped=permission.scoped) for granted in levels]

    groups = [
        (area.label, [(one.label, cells(one)) for one in permissions])
        for area, permissions in policy.areas()
    ]
    fields = [
        (field.label, [_closed_words(role, field) for role in known])
        for field in field_rights.GUARDED
    ]
    closed = [(label, words) for label, words in fields if any(words)]
    if closed:
        groups.append((_("Closed fields of cards"), closed))
    bounds = [confining.named(role) for role in known]
    for one in confining.BOUNDS:
        names = [", ".join(found[one.name]) for found in bounds]
        if any(names):
            groups.append((one.label, [("", names)]))
    context = {"roles": known, "groups": groups, "width": len(known) + 1}
    context["may_edit"] = me(request).role.is_administrator
    return tabbed(request, "roles", context)


def _closed_words(role: Role, field: field_rights.GuardedField) -> str:
    level = field_rights.granted_to(role, field)
    return "" if level == field_rights.WRITE else str(field_rights.LEVELS[level])


@page
def new_role(request: HttpRequest) -> HttpResponse:
    """A new role, beginning with what another one allows."""
    require_administrator(me(request))
    like = Role.objects.filter(pk=_number(request, "like") or 0).first()
    return _edit(request, None, like or Role())


@page
def role(request: HttpRequest, pk: int) -> HttpResponse:
    require_administrator(me(request))
    known = get_object_or_404(Role, pk=pk)
    return _edit(request, known, known)


def _edit(request: HttpRequest, known: Role | None, like: Role) -> HttpResponse:
    kept = {"name": str(known) if known else "", "needs_second_factor": like.needs_second_factor}
    form = RoleForm(request.POST or None, initial=kept)
    if known and known.key:
        del form.fields["name"]
    chosen = {one.name: policy.granted_to(like, one) for one in policy.PERMISSIONS}
    fields = {one.name: field_rights.granted_to(like, one) for one in field_rights.GUARDED}
    confined: dict[str, frozenset[int]] | None = {
        one.name: confining.chosen_for(like, one.name) or frozenset() for one in confining.BOUNDS
    }
    if known and known.is_administrator:
        chosen, fields, confined = {}, {}, None
    if request.method == "POST":
        if confined is not None:
            confined = {name: _ticked(request, name) for name in confined}
        chosen |= {name: request.POST[name] for name in chosen if name in request.POST}
        fields |= {
            name: request.POST[f"field.{name}"]
            for name in fields
            if f"field.{name}" in request.POST
        }
        if form.is_valid():
            given = {"name": "", **form.cleaned_data}
            saved = accepted(
                form,
                lambda: actions.save_role(
                    actor=me(request),
                    permissions=chosen,
                    fields=fields,
                    confined=confined,
                    role=known,
                    **given,
                ),
            )
            if saved:
                messages.success(request, _("Saved."))
                return redirect("accounts:roles")
    context = {
        "form": form,
        "role": known,
        "groups": [
            (area.label, [_row(one, chosen[one.name]) for one in permissions])
            for area, permissions in policy.areas()
            if chosen
        ],
        "levels": [_("no"), *(level_words(level) for level in policy.LEVELS[1:])],
        "field_levels": list(field_rights.LEVELS.values()),
        "fields": [
            _field_row(one, fields[one.name]) for one in field_rights.GUARDED if one.name in fields
        ],
        "bounds": [
            (one.name, one.label, _choices(one, confined[one.name]))
            for one in confining.BOUNDS
            if confined is not None
        ],
        "people": User.objects.people().filter(role=known)[:100] if known else (),
        "may_delete": bool(known and not known.key),
        "others": () if known else Role.objects.all(),
    }
    return tabbed(request, "roles", context, "role")


def _row(permission: policy.Permission, chosen: str) -> dict[str, Any]:
    """One line of the matrix: a choice per level; a right without levels has none and all."""
    levels = policy.LEVELS if permission.scoped else (policy.NONE, None, None, policy.ALL)
    labels = (_("no"), *(level_words(level) for level in policy.LEVELS[1:]))
    if not permission.scoped:
        labels = (_("no"), "", "", _("yes"))
    return {
        "name": permission.name,
        "label": permission.label,
        "choices": [
            (level, label, level == chosen) for level, label in zip(levels, labels, strict=True)
        ],
    }


def _field_row(field: field_rights.GuardedField, chosen: str) -> dict[str, Any]:
    return {
        "name": f"field.{field.name}",
        "label": field.label,
        "choices": [
            (level if level in field.levels else "", words, level == chosen)
            for level, words in field_rights.LEVELS.items()
        ],
    }


def _ticked(request: HttpRequest, name: str) -> frozenset[int]:
    sent = request.POST.getlist(f"within.{name}")
    return frozenset(int(one) for one in sent if one.isdecimal() and len(one) < 19)


def _choices(bounds: confining.Bounds, chosen: frozenset[int]) -> list[tuple[int, str, bool]]:
    """What may be chosen, and what was chosen and is there no more, so that it can be taken off."""
    known = dict(bounds.choices())
    gone = {one: f"№ {one}" for one in chosen - known.keys()}
    return [(one, name, one in chosen) for one, name in {**known, **gone}.items()]


@require_POST
def delete_role(request: HttpRequest, pk: int) -> HttpResponse:
    require_administrator(me(request))
    known = get_object_or_404(Role, pk=pk)
    try:
        actions.delete_role(actor=me(request), role=known)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("accounts:role", pk=pk)
    messages.success(request, _("Role deleted."))
    return redirect("accounts:roles")


# ---- rights for a time ----


@page
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    """The rights that a person has beside his role, and the form for one more."""
    require_administrator(me(request))
    user = get_object_or_404(User.objects.people().select_related("role"), pk=pk)
    form = GrantForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        last = datetime.combine(given["last_on"], time(), timezone.get_current_timezone())
        made = accepted(
            form,
            lambda: actions.grant_right(
                actor=me(request),
                user=user,
                permission=given["permission"],
                level=given["level"],
                until=last + timedelta(days=1),
                reason=given["reason"],
            ),
        )
        if made:
            messages.success(request, _("Saved."))
            return redirect("accounts:grant", pk=pk)
    grants = [
        {
            "name": one.permission,
            "label": policy.PERMISSIONS[one.permission].label,
            "words": grant_words(one, scoped=policy.PERMISSIONS[one.permission].scoped),
            "reason": one.reason,
        }
        for one in policy.grants_of(user)
    ]
    return tabbed(request, "users", {"form": form, "person": user, "grants": grants}, "grants")


@require_POST
def end_grant(request: HttpRequest, pk: int) -> HttpResponse:
    require_administrator(me(request))
    user = get_object_or_404(User.objects.people(), pk=pk)
    actions.end_grant(actor=me(request), user=user, permission=request.POST.get("permission", ""))
    messages.success(request, _("Taken back."))
    return redirect("accounts:grant", pk=pk)


# ---- why ----


@require_safe
def rights(request: HttpRequest) -> HttpResponse:
    """What a person may and why, in general or with one record."""
    require_administrator(me(request))
    people = User.objects.people().filter(is_active=True).select_related("role", "team")
    chosen = _number(request, "who")
    user = next((one for one in people if one.pk == chosen), None)
    kind = RECORDS.get(request.GET.get("kind", ""))
    number = _number(request, "number")
    record = kind.find(number) if kind and number else None
    found = []
    if user:
        for area, permissions in policy.areas():
            asked = [one for one in permissions if record is None or _bears(one, kind)]
            if asked:
                found.append((area.label, [explain(user, one, record, kind) for one in asked]))
    context = {
        "people": people,
        "user": user,
        "kinds": list(RECORDS),
        "kind": kind,
        "number": number,
        "record": record,
        "closed": closed_fields(user) if user else (),
        "missing": bool(kind and number and record is None),
        "groups": found,
    }
    return tabbed(request, "rights", context)


def _bears(permission: policy.Permission, kind: Any) -> bool:
    return permission.scoped and permission.room == kind.room


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


# ---- looking as somebody else ----


@require_POST
def see_as(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows Orbita as this person sees it, until the administrator ends it. Nothing can be changed."""
    require_administrator(me(request))
    user = get_object_or_404(User.objects.people(), pk=pk)
    try:
        actions.see_as(actor=me(request), user=user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("accounts:user", pk=pk)
    request.session[SEEN_AS] = user.pk
    return redirect("/")


@in_own_name
@require_POST
def end_seeing_as(request: HttpRequest) -> HttpResponse:
    seen = request.session.pop(SEEN_AS, None)
    return redirect("accounts:user", pk=seen) if seen else redirect("/")
