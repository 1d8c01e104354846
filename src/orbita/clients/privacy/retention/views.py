"""Pages of the terms of keeping: rules, the preview of one, its runs."""

from datetime import date

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orbita.accounts import policy
from orbita.clients.forms import into_form
from orbita.clients.models import RetentionRule, RetentionRun
from orbita.clients.privacy import cleaning, shown
from orbita.clients.privacy.retention import actions, words
from orbita.clients.privacy.retention.finding import StoppedError
from orbita.clients.privacy.retention.forms import RuleForm
from orbita.clients.views.common import actor_of, form_page
from orbita.core.models import Company
from orbita.ui import formats, toasts

RUNS = 20
EXTRACTS = 50


def _rule(request: HttpRequest, pk: int) -> RetentionRule:
    policy.require(request.user, "privacy.retention")
    rows = RetentionRule.objects.select_related("segment", "responsible", "confirmed_by")
    return get_object_or_404(rows.filter(archived_at=None), pk=pk)


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """The rules and the latest runs of all."""
    policy.require(request.user, "privacy.retention")
    rows = RetentionRule.objects.filter(archived_at=None).select_related("segment", "responsible")
    runs = list(RetentionRun.objects.select_related("rule", "actor")[:RUNS])
    context = {
        "rules": [(rule, words.term(rule), words.state(rule)) for rule in rows],
        "runs": runs,
    }
    return render(request, "clients/privacy/retention/rules.html", context)


@form_page
def rule_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new rule, or another one of an old."""
    actor = actor_of(request)
    policy.require(actor, "privacy.retention")
    rule = _rule(request, pk) if pk else None
    form = RuleForm(request.POST if request.method == "POST" else None, actor=actor, rule=rule)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            saved = actions.save_rule(actor=actor, values=form.cleaned_data, rule=rule)
            toasts.success(request, _("Saved. Look at whom it takes before it is switched on."))
            return redirect("clients:retention-rule", pk=saved.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "rule": rule}
    return render(request, "clients/privacy/retention/edit.html", context, status=status)


@require_safe
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """The preview of a rule: whom it would erase today, whom not and why; its runs."""
    row = _rule(request, pk)
    context = {
        "rule": row,
        "term": words.term(row),
        "state": words.state(row),
        "runs": row.runs.select_related("actor")[:RUNS],
        "active": row.runs.filter(status__in=["queued", "running"]).first(),
    }
    try:
        found, token = actions.preview(actor=actor_of(request), rule=row)
    except StoppedError as error:
        context["problem"] = str(error)
    else:
        context |= {
            "found": found,
            "token": token,
            "now": formats.number(min(found.due, row.most)),
            "due": words.counted(found.due),
            "members": words.counted(found.members),
            "waiting": words.counted(found.waiting),
            "cutoff": formats.day(found.cutoff, date(1, 1, 1)),
            "sample": words.sample(found, row),
            "held": words.held(found),
        }
    return render(request, "clients/privacy/retention/rule.html", context)


@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switches the schedule of a rule on, as it was seen, or off."""
    row, actor = _rule(request, pk), actor_of(request)
    if request.POST.get("on") != "1":
        if actions.switch_off(actor=actor, rule=row):
            toasts.success(request, _("The rule is off: nobody is erased by it"))
        return redirect("clients:retention-rule", pk=pk)
    try:
        actions.switch_on(actor=actor, rule=row, token=request.POST.get("token", ""))
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
    else:
        toasts.success(request, _("The rule is on: a letter comes before every run"))
    return redirect("clients:retention-rule", pk=pk)


@require_POST
def run_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Starts a run by hand, of what was seen."""
    row = _rule(request, pk)
    try:
        token = request.POST.get("token", "")
        started = actions.run_now(actor=actor_of(request), rule=row, token=token)
    except ValidationError as error:
        toasts.failure(request, " ".join(error.messages))
        return redirect("clients:retention-rule", pk=pk)
    return redirect("clients:retention-run", pk=started.pk)


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a rule out of use."""
    if actions.archive_rule(actor=actor_of(request), rule=_rule(request, pk)):
        toasts.success(request, _("The rule is gone; its acts stay"))
    else:
        toasts.failure(request, _("A run of this rule is under way: stop it first."))
    return redirect("clients:retention")


@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: how far it has come, then its act."""
    policy.require(request.user, "privacy.retention")
    row = get_object_or_404(RetentionRun.objects.select_related("rule", "actor"), pk=pk)
    erased = row.erasures.count()
    context = {
        "run": row,
        "erased": erased,
        "share": min(99, erased * 100 // row.total) if row.total else 0,
        "kept": words.kept(row),
    }
    if not row.is_active:
        acts = list(row.erasures.order_by("pk")[:EXTRACTS])
        context |= {
            "company": Company.current(),
            "cards": words.numbers(row),
            "tables": words.tables(row, shown.tables_of),
            "acts": acts,
            "extract": [shown.log_line(event) for event in cleaning.log_extract_of(acts)],
            "more": erased > EXTRACTS,
        }
    return render(request, "clients/privacy/retention/run.html", context)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks a run to stop."""
    policy.require(request.user, "privacy.retention")
    row = get_object_or_404(RetentionRun.objects.select_related("rule"), pk=pk)
    if actions.stop_run(actor=actor_of(request), run=row):
        toasts.success(request, _("It stops after the client it is at"))
    return redirect("clients:retention-run", pk=pk)
