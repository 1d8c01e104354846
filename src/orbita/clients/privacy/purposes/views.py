"""Pages of the register of purposes: the register, a row, the document."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.clients.forms import into_form
from orbita.clients.models import ProcessingPurpose
from orbita.clients.privacy.purposes import actions, words
from orbita.clients.privacy.purposes.forms import PurposeForm
from orbita.clients.views.common import actor_of, form_page
from orbita.core.models import Company
from orbita.ui import formats, toasts


@require_safe
def purposes(request: HttpRequest) -> HttpResponse:
    """The register as it is in force."""
    policy.require(request.user, "privacy.view")
    may_edit = policy.allows(request.user, "privacy.purposes")
    context = {"lines": words.lines(), "may_edit": may_edit}
    return render(request, "clients/privacy/purposes/purposes.html", context)


@form_page
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new row, or another text of an old one."""
    actor = actor_of(request)
    policy.require(actor, "privacy.purposes")
    rows = ProcessingPurpose.objects.filter(archived_at=None)
    row = get_object_or_404(rows, pk=pk) if pk else None
    form = PurposeForm(request.POST if request.method == "POST" else None, purpose=row)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            actions.save_purpose(actor=actor, values=form.cleaned_data, purpose=row)
            toasts.success(request, _("Saved"))
            return redirect("clients:purposes")
    status = 422 if form.errors else 200
    context = {"form": form, "purpose": row}
    return render(request, "clients/privacy/purposes/edit.html", context, status=status)


@require_POST
def ready(request: HttpRequest) -> HttpResponse:
    """Adds the rows for a usual shop that the register has not."""
    count = actions.add_ready(actor=actor_of(request))
    toasts.success(request, _("Rows added: %(n)s. Read and correct them.") % {"n": count})
    return redirect("clients:purposes")


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a row out of the register, or brings it back."""
    policy.require(request.user, "privacy.purposes")
    row = get_object_or_404(ProcessingPurpose, pk=pk)
    actions.archive_purpose(
        actor=actor_of(request), purpose=row, archived=request.POST.get("back") != "1"
    )
    return redirect("clients:purposes")


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """The register as a document of its own, to be kept or printed."""
    policy.require(request.user, "privacy.view")
    context = {
        "lines": words.lines(),
        "company": Company.current(),
        "made": formats.day(timezone.localdate(), date(1, 1, 1)),
    }
    response = render(request, "clients/privacy/purposes/document.html", context)
    name = f"purposes-{timezone.localdate():%Y-%m-%d}.html"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
