from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import actions as accounts
from orbita.accounts import policy, watching
from orbita.accounts.middleware import public
from orbita.accounts.models import User
from orbita.ui import actions, kit, menu, toasts
from orbita.ui.lists import list_page
from orbita.ui.menu import Hit
from orbita.ui.models import SavedView

SHORTEST_QUERY = 2
LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    hits: Sequence[Hit]


def query_of(request: HttpRequest) -> str:
    """What was typed, trimmed; a zero byte would make PostgreSQL refuse the whole query."""
    return request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY]


def found(request: HttpRequest, query: str, limit: int) -> list[Group]:
    """Hits of every provider open to the user, groups without hits left out."""
    if len(query) < SHORTEST_QUERY:
        return []
    watching.note(request.user, watching.SEARCH)
    return [
        Group(str(provider.label), hits)
        for provider, hits in menu.found_by(request.user, query, limit)
    ]


def commands(request: HttpRequest, query: str) -> list[Group]:
    """Menu entries and create lines whose words start with what was typed; all of them for ""."""
    places = [entry for section in menu.menu_for(request) for entry in section]
    groups = [
        Group(_("Create"), _matching(menu.create_for(request.user), query)),
        Group(_("Go to"), _matching(places, query)),
    ]
    return [group for group in groups if group.hits]


def _matching(entries: Iterable[menu.Entry], query: str) -> list[Hit]:
    wanted = query.casefold()
    return [
        Hit(str(entry.label), "", entry.url, entry.icon)
        for entry in entries
        if any(
            word.startswith(wanted)
            for word in (str(entry.label).casefold(), *str(entry.label).casefold().split())
        )
    ]


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    query = query_of(request)
    return render(
        request,
        "ui/search.html",
        {
            "q": query,
            "searched": query,
            "groups": found(request, query, 25) + (commands(request, query) if query else []),
        },
    )


@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """The drop-down of the search box: clients and the like first, then commands."""
    query = query_of(request)
    groups = found(request, query, 6) + commands(request, query)
    return render(request, "ui/_hits.html", {"q": query, "groups": groups})


@require_safe
def more(request: HttpRequest) -> HttpResponse:
    """The whole menu as a page: what "More" opens on a phone."""
    return render(request, "ui/more.html")


def own_address(request: HttpRequest, fallback: str = "/") -> str:
    """Where to go after a form: `next` when it is a page of ours."""
    following = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()}):
        return following
    return fallback


@public
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Switches language or theme: kept on the user, or in a cookie before sign-in."""
    response = HttpResponseRedirect(own_address(request))
    language, theme = request.POST.get("language"), request.POST.get("theme")
    if language not in dict(settings.LANGUAGES):
        language = None
    if theme not in ("auto", "light", "dark"):
        theme = None
    if request.user.is_authenticated:
        if language or theme:
            accounts.change_preferences(actor=request.user, language=language, theme=theme)
    elif language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 24 * 3600,
            samesite="Lax",
            secure=settings.ORBITA_HTTPS,
            httponly=True,
        )
    return response


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Every piece of the interface on one page, for developers and for the accessibility tests."""
    policy.require(request.user, "ui.components")
    if request.GET.get("toast"):
        toasts.success(request, _("Saved: preferred channel"), undo=reverse("ui:components"))
    return render(request, "ui/components.html", kit.samples())


def components_list(request: HttpRequest) -> HttpResponse:
    """A working list with everything that lists have, over users."""
    policy.require(request.user, "ui.components")
    return list_page(request, kit.KIT_LIST)


def components_dialog(request: HttpRequest) -> HttpResponse:
    """A form that may also be shown in a dialog: it answers 422 until it is right."""
    policy.require(request.user, "ui.components")
    form = kit.ShortForm(request.POST or None, auto_id="dialog-%s")
    if request.method == "POST" and form.is_valid():
        toasts.success(request, _("Saved: preferred channel"))
        return toasts.redirect(request, reverse("ui:components"))
    status = 422 if form.is_bound else 200
    return render(request, "ui/components_dialog.html", {"form": form}, status=status)


@require_POST
def restore_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Undoes the deletion of a saved view."""
    actor = cast(User, request.user)  # strangers do not get this far
    view = get_object_or_404(SavedView.objects.filter(owner=actor), pk=pk)
    actions.restore_view(actor=actor, view=view)
    return HttpResponseRedirect(own_address(request))
