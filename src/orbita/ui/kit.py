"""What the component page shows: a list over users, whose every piece works, and sample data."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orbita.accounts.models import Role, Team, User, UserSession
from orbita.core import zones
from orbita.core.rules import FACTS, Fact, column, moment_column
from orbita.ui import charts, formats, icons, toasts
from orbita.ui.forms import UiForm
from orbita.ui.lists import (
    BuiltinView,
    BulkAction,
    Button,
    Column,
    EmptyState,
    ListSpec,
    Look,
    Selection,
    SortKey,
)

SUBJECT = "kit.user"


def _sessions(ids: Sequence[int], actor: Any) -> Mapping[int, int]:
    rows = UserSession.objects.filter(user_id__in=ids).values("user_id")
    return {row["user_id"]: row["n"] for row in rows.annotate(n=Count("pk"))}


def _name(user: User, look: Look) -> str:
    return format_html(
        '<a href="#{}">{}</a><span class="mute">{}</span>', user.pk, user.name, user.team or ""
    )


def _greet(request: HttpRequest, selection: Selection) -> HttpResponse:
    count = selection.count()
    words = ngettext("%(n)s user greeted", "%(n)s users greeted", count) % {"n": count}
    toasts.success(request, words)
    return redirect(request.path)


KIT_LIST = ListSpec(
    name="kit",
    label=_("A list"),
    url_name="ui:components-list",
    queryset=lambda actor: User.objects.all(),
    subject=SUBJECT,
    columns=(
        Column("name", _("User"), _name, sort=SortKey("name"), css="c-name", fixed=True),
        Column(
            "role",
            _("Role"),
            lambda user, look: str(user.role),
            css="c-st",
            prepare=lambda rows: rows.select_related("role", "team"),
        ),
        Column("email", _("E-mail"), lambda user, look: user.email, sort=SortKey("email")),
        Column(
            "team", _("Team"), lambda user, look: user.team or "", sort=SortKey("team_id", True)
        ),
        Column(
            "sessions",
            _("Sessions"),
            lambda user, look: formats.number(look.loaded_for("sessions", user) or 0),
            numeric=True,
            css="c-sum",
            load=_sessions,
        ),
        Column(
            "created",
            _("Added"),
            lambda user, look: formats.ago(user.created_at, look.now),
            sort=SortKey("created_at", descending_first=True),
            css="c-last",
        ),
        Column(
            "zone",
            _("Time zone"),
            lambda user, look: zones.label(user.time_zone),
            default=False,
            permission="accounts.manage",
        ),
        Column(
            "face",
            _("Picture"),
            lambda user, look: icons.avatar(user.name, user.pk),
            css="c-own",
            short=_("Pic."),
        ),
    ),
    default_sort="name",
    empty=EmptyState(_("Nobody here yet"), _("Invite those who work with you.")),
    search=lambda rows, text, actor: rows.filter(name__icontains=text),
    views=(
        BuiltinView(
            "recent", _("Added lately"), {"fact": "created", "op": "last_days", "value": 7}
        ),
    ),
    bulk=(BulkAction("greet", _("Greet"), "chat", handler=_greet),),
    buttons=(Button(_("Component"), "ui:components", "plus", primary=True),),
)


def register_facts() -> None:
    FACTS.register(
        SUBJECT,
        Fact("name", _("Name"), "text", column("name", blank="")),
        Fact(
            "role",
            _("Role"),
            "ref",
            column("role_id"),
            choices=lambda actor: [(role.pk, str(role)) for role in Role.objects.all()],
        ),
        Fact(
            "team",
            _("Team"),
            "ref",
            column("team_id"),
            choices=lambda actor: [(team.pk, team.name) for team in Team.objects.all()],
        ),
        Fact("active", _("may sign in"), "bool", column("is_active")),
        Fact("created", _("Added"), "datetime", moment_column("created_at"), group=_("Dates")),
        Fact("id", _("Number"), "number", column("id"), permission="accounts.manage"),
    )


class ShortForm(UiForm):
    name = forms.CharField(label=_("Name"), max_length=60)
    phone = forms.CharField(
        label=_("Phone"), required=False, help_text=_("In any form: 8 900 000-14-27 will do.")
    )


class KitForm(ShortForm):
    born = forms.DateField(label=_("Birthday"), required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("person", _("Person")), ("company", _("Company"))]
    )
    note = forms.CharField(label=_("Note"), widget=forms.Textarea, required=False)
    channel = forms.ChoiceField(
        label=_("Preferred channel"),
        choices=[("call", _("Phone call")), ("mail", _("E-mail"))],
        widget=forms.RadioSelect,
        required=False,
    )
    agreed = forms.BooleanField(label=_("agrees to mailings"), required=False)


LADDER = (
    _("Only recorded"),
    _("No decision maker"),
    _("Will see the offer"),
    _("Agrees to mailings"),
    _("Asked for goods"),
    _("Bought once"),
    _("Three or more orders"),
    _("Refused"),
    _("Left after three orders"),
    _("Left, long work"),
)
GROUPS = (
    ("keep", _("Champions")),
    ("grow", _("Newcomers")),
    ("watch", _("Need attention")),
    ("save", _("At risk")),
    ("wake", _("Hibernating")),
)


def samples() -> dict[str, Any]:
    """The data of the component page."""
    return {
        "icons": icons.names(),
        "ladder": list(enumerate(LADDER, start=1)),
        "groups": GROUPS,
        "empty_form": KitForm(),
        "wrong_form": KitForm({"name": "", "kind": "robot"}),
        "bars": charts.bars(
            [9, 11, 9, 13, 13, 16, 20, 24], str(_("46 moved, 8 more than before")), "save"
        ),
        "spark": charts.sparkline([3, 5, 4, 8, 7, 11, 9], str(_("Growing for six months"))),
        "meter": charts.meter(0.82, str(_("82 of 100"))),
        "line": charts.line(
            [0, 3, 6, 10, 12, 18, 20, 25, 29, 31, 35, 40, 43, 48, 52, 58],
            str(_("The fact is below the plan")),
            plan=84,
            steps=21,
            labels=("2", str(_("today")), "30"),
        ),
        "amounts": (
            formats.money(213_480_000),
            formats.money(-1050),
            formats.short_money(8_640_000_000),
            formats.percent(0.084, 1),
            formats.bounded(7000, 5000),
        ),
    }
