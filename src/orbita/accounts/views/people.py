"""Users, teams, roles and the company, for administrators."""

from django.conf import settings as conf
from django.contrib import messages
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orbita.accounts import actions, policy
from orbita.accounts.actions.links import link
from orbita.accounts.forms import CompanyForm, InviteForm, LeavingForm, TeamForm, UserForm
from orbita.accounts.jobs import hand_over
from orbita.accounts.leaving import BELONGINGS
from orbita.accounts.models import Role, Team, User
from orbita.accounts.tabs import open_tabs
from orbita.accounts.views.common import accepted, site_of, tabbed
from orbita.accounts.views.profile import me
from orbita.core.models import Company

page = require_http_methods(["GET", "HEAD", "POST"])
PAGE = 100


@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """The first page of the settings that is open to the user."""
    for tab in open_tabs(request.user):
        return redirect(tab.url)
    raise policy.Denied(_("Your role does not include any of the settings."))


@require_safe
def users(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "accounts.manage")
    query = request.GET.get("q", "").replace("\0", "").strip()[:100]
    after = request.GET.get("after", "")
    found = User.objects.people().select_related("role", "team")
    if query:
        found = found.filter(Q(name__icontains=query) | Q(email__icontains=query.lower()))
    if after.isdecimal() and len(after) < 19:
        found = found.filter(pk__gt=int(after))
    rows = list(found.annotate(seen_at=Max("sessions__seen_at")).order_by("pk")[: PAGE + 1])
    more = rows[PAGE - 1].pk if len(rows) > PAGE else None
    return tabbed(request, "users", {"people": rows[:PAGE], "more": more, "q": query})


@never_cache
@page
def invite_person(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "accounts.manage")
    start = {"language": me(request).language, "role": Role.objects.filter(key="manager").first()}
    form = InviteForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        site = site_of(request)
        made = accepted(
            form, lambda: actions.invite_person(actor=me(request), site=site, **form.cleaned_data)
        )
        if made:
            return _invited(request, *made)
    return tabbed(request, "users", {"form": form}, "invite")


@never_cache
@require_POST
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, "accounts.manage")
    user = get_object_or_404(User.objects.people(), pk=pk)
    if not user.is_active:
        messages.error(request, _("This user may not sign in: allow it first."))
        return redirect("accounts:user", pk=pk)
    return _invited(
        request, user, actions.invite(actor=me(request), user=user, site=site_of(request))
    )


def _invited(request: HttpRequest, user: User, token: str) -> HttpResponse:
    context = {
        "person": user,
        "link": link(site_of(request), token),
        "has_mail": bool(conf.ORBITA_SMTP_URL),
    }
    return tabbed(request, "users", context, "invited")


@page
def edit_user(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, "accounts.manage")
    user = get_object_or_404(User.objects.people().select_related("role", "team"), pk=pk)
    kept = {name: getattr(user, name) for name in ("name", "role", "team", "is_active")}
    form = UserForm(request.POST or None, initial=kept)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        accepted(form, lambda: actions.change_user(actor=me(request), user=user, **given))
    if form.is_bound and form.is_valid():
        messages.success(request, _("Saved."))
        return redirect("accounts:users")
    context = {
        "form": form,
        "person": user,
        "may_look": me(request).role.is_administrator,
        "identities": me(request).role.is_administrator and user.identities.exists(),
        "factor": actions.has_second_factor(user),
    }
    return tabbed(request, "users", context, "user")


@page
def leaving(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks to whom everything of a leaving person goes, and closes his account."""
    policy.require(request.user, "accounts.manage")
    user = get_object_or_404(User.objects.people().select_related("role"), pk=pk)
    form = LeavingForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        heir, reason = form.cleaned_data["heir"], form.cleaned_data["reason"]
        accepted(
            form,
            lambda: actions.let_go(actor=me(request), user=user, heir=heir, reason=reason),
        )
        if form.is_valid():
            hand_over.enqueue(me(request).pk, user.pk, heir.pk if heir else None, reason)
            messages.success(
                request, _("The account is closed. The records are being handed over.")
            )
            return redirect("accounts:user", pk=pk)
    owned = [(one.label, one.count(user)) for one in BELONGINGS]
    return tabbed(request, "users", {"form": form, "person": user, "owned": owned}, "leaving")


@page
def teams(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "accounts.manage")
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _save_team(request, form, None):
        return redirect("accounts:teams")
    members = Count("user", filter=Q(user__is_active=True))
    rows = Team.objects.select_related("parent").annotate(members=members)[:500]
    return tabbed(request, "teams", {"form": form, "teams": rows})


@page
def edit_team(request: HttpRequest, pk: int) -> HttpResponse:
    policy.require(request.user, "accounts.manage")
    team = get_object_or_404(Team, pk=pk)
    form = TeamForm(request.POST or None, initial={"name": team.name, "parent": team.parent_id})
    if request.method == "POST" and form.is_valid() and _save_team(request, form, team):
        return redirect("accounts:teams")
    people = team.user_set.filter(is_service=False).select_related("role")[:500]
    return tabbed(request, "teams", {"form": form, "team": team, "people": people}, "team")


def _save_team(request: HttpRequest, form: TeamForm, team: Team | None) -> bool:
    given = form.cleaned_data
    saved = accepted(form, lambda: actions.save_team(actor=me(request), team=team, **given))
    if saved:
        messages.success(request, _("Saved."))
    return saved is not None


@page
def company(request: HttpRequest) -> HttpResponse:
    policy.require(request.user, "core.settings")
    current = Company.current()
    kept = {name: getattr(current, name) for name in ("name", "time_zone", "phone_region")}
    form = CompanyForm(request.POST or None, initial=kept)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        accepted(form, lambda: actions.change_company(actor=me(request), **given))
    if form.is_bound and form.is_valid():
        messages.success(request, _("Saved."))
        return redirect("accounts:company")
    return tabbed(request, "company", {"form": form, "company": current})
