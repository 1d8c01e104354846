from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orbita.accounts import policy
from orbita.clients import actions
from orbita.clients.actions.contacts import read as read_contact
from orbita.clients.forms import PersonForm, into_form
from orbita.clients.models import Client, CompanyPerson
from orbita.clients.querysets import client_is_seen
from orbita.clients.views.common import actor_of, client_or_404, form_page
from orbita.core.models import Company, Event
from orbita.ui import toasts


@form_page
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a person into the company: one of the base, or a new one."""
    company = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", company)
    if not company.is_company:
        raise Http404
    form = PersonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            event = _link(request, company, form)
            _tell(request, event, _("Added to the company"))
            return toasts.redirect(request, reverse("clients:card", args=[pk]))
    context = {"form": form, "company": company, "person": None}
    return render(request, "clients/person.html", context, status=422 if form.errors else 200)


def _link(request: HttpRequest, company: Client, form: PersonForm) -> Event | None:
    data, actor = form.cleaned_data, actor_of(request)
    with transaction.atomic():
        if data["person"]:
            person = get_object_or_404(Client.objects.visible_to(actor), pk=data["person"])
        else:
            if not data["name"]:
                raise ValidationError({"name": [_("Whom to add?")]})
            phone = [read_contact("phone", data["phone"])] if data["phone"] else []
            person = actions.create_client(
                actor=actor,
                values={"name": data["name"], "responsible": company.responsible},
                contacts=phone,
            )
        return actions.link_person(
            actor=actor,
            company=company,
            person=person,
            role=data["role"],
            position=data["position"],
            since=data["since"],
        )


@form_page
def change(request: HttpRequest, pk: int, person: int) -> HttpResponse:
    """The person's role in the company, his leave of it and return, or a mistake taken off."""
    company = client_or_404(request, pk)
    policy.require(request.user, "clients.edit", company)
    actor = actor_of(request)
    links = CompanyPerson.objects.filter(client_is_seen(actor, "person_id"))
    link = get_object_or_404(links.select_related("person"), company=company, person=person)
    do = request.POST.get("do", "")
    if request.method == "POST" and do == "unlink":
        event = actions.unlink_person(actor=actor, company=company, person=link.person)
        _tell(request, event, _("Taken off as a mistake"))
        return toasts.redirect(request, reverse("clients:card", args=[pk]))
    initial = {name: getattr(link, name) for name in ("role", "position", "since", "until")}
    form = PersonForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with into_form(form):
            event = actions.link_person(
                actor=actor,
                company=company,
                person=link.person,
                role=form.cleaned_data["role"],
                position=form.cleaned_data["position"],
                since=form.cleaned_data["since"],
                until=_until(do, form.cleaned_data["until"]),
            )
            _tell(request, event, _DONE.get(do, _("Role saved")))
            return toasts.redirect(request, reverse("clients:card", args=[pk]))
    context = {"form": form, "company": company, "person": link.person, "link": link}
    return render(request, "clients/person.html", context, status=422 if form.errors else 200)


_DONE = {
    "leave": gettext_lazy("Does not work there any more"),
    "return": gettext_lazy("Works there again"),
}


def _until(do: str, given: date | None) -> date | None:
    """The last day there: whoever leaves without one leaves today."""
    if do == "leave":
        return given or Company.current().business_date()
    return None if do == "return" else given


def _tell(request: HttpRequest, event: Event | None, text: str | Promise) -> None:
    if event:
        toasts.success(request, str(text), undo=reverse("clients:undo", args=[event.pk]))
