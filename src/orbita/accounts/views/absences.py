"""Who is away and who stands in: everybody reads it, and sets his own."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orbita.accounts import actions, policy
from orbita.accounts.forms import AbsenceForm
from orbita.accounts.models import Absence
from orbita.accounts.views.common import accepted
from orbita.accounts.views.profile import me, own_page
from orbita.core.models import Company

MOST = 200


@require_http_methods(["GET", "HEAD", "POST"])
def absences(request: HttpRequest) -> HttpResponse:
    actor, today = me(request), Company.current().business_date()
    form = AbsenceForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if accepted(
            form,
            lambda: actions.set_absence(
                actor=actor, **given | {"user": given.get("user") or actor}
            ),
        ):
            messages.success(request, _("Saved."))
            return redirect("accounts:absences")
    rows = Absence.objects.filter(last_on__gte=today).select_related("user", "deputy")[:MOST]
    may_all = policy.allows(actor, "accounts.absences")
    lines: list[dict[str, Any]] = [
        {
            "absence": row,
            "now": row.first_on <= today,
            "may_end": may_all or row.user_id == actor.pk,
        }
        for row in rows
    ]
    return own_page(request, "absences", {"form": form, "lines": lines})


@require_POST
def end_absence(request: HttpRequest, pk: int) -> HttpResponse:
    absence = get_object_or_404(Absence.objects.select_related("user", "deputy"), pk=pk)
    actions.end_absence(actor=me(request), absence=absence)
    messages.success(request, _("The absence is taken off."))
    return redirect("accounts:absences")
