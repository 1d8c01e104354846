"""Deals: made, changed, deleted and brought back."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.clients.confining import is_within
from orbita.clients.fields import values as own
from orbita.clients.models import AcquisitionSource, Client
from orbita.commerce.sums import LARGEST_SUM, Rates
from orbita.core.events import changes, emit
from orbita.core.models import Company
from orbita.core.text import clean_line, normalise
from orbita.work.confining import open_pipelines, require_open
from orbita.work.models import Deal, DealHelper, Pipeline, Stage, StageStay
from orbita.work.records import DealData

_TOLD = (
    "name",
    "amount",
    "currency",
    "expected_on",
    "next_step",
    "next_step_on",
    "comment",
)


def create_deal(*, actor: User, data: DealData, repeats: Deal | None = None) -> Deal:
    """A new deal in the first stage, or in the one that is named. Raises `Denied`, or
    `ValidationError` with sentences keyed by field.

    The responsible is `responsible_id`, else the actor. Of a deal without a name, the client's name.
    """
    deal = Deal(repeats=repeats)
    with own.distinct_saves(), transaction.atomic():
        _fill(deal, data, actor)
        deal.stage = _first_stage(data, actor)
        deal.pipeline = deal.stage.pipeline
        deal.responsible = deal.responsible or actor
        policy.require(actor, "deals.edit", deal)
        names = own.put(deal, "deal", data.own, actor, fresh=True)
        now = timezone.now()
        deal.created_at = deal.updated_at = deal.stage_since = now
        deal.save(force_insert=True)
        own.settle(deal, "deal", actor, names, fresh=True)
        _set_helpers(deal, data)
        StageStay.objects.create(deal=deal, n=1, stage=deal.stage, entered_at=now)
        emit_deal("deal.created", deal, actor=actor, stage=deal.stage.name)
    return deal


def update_deal(*, actor: User, deal: Deal, data: DealData, version: int | None = None) -> Deal:
    """Puts the deal into the given state; its stage stays. `version` is the one the user saw: when the
    deal has changed since, nothing is written.
    """
    with own.distinct_saves(), transaction.atomic():
        deal = locked(deal, version)
        require_open(actor, deal.stage)
        policy.require(actor, "deals.edit", deal)
        before = told(deal)
        old_client = deal.client_id
        _fill(deal, data, actor)
        policy.require(actor, "deals.edit", deal)
        names = own.put(deal, "deal", data.own, actor, fresh=False)
        save_changed(deal)
        own.settle(deal, "deal", actor, names, fresh=False)
        _set_helpers(deal, data)
        difference = changes(before, told(deal))
        if difference["after"]:
            for client_id in dict.fromkeys((deal.client_id, old_client or deal.client_id)):
                emit_deal("deal.changed", deal, actor=actor, client_id=client_id, **difference)
    return deal


def delete_deal(*, actor: User, deal: Deal) -> Deal:
    """To the recycle bin."""
    with transaction.atomic():
        deal = locked(deal)
        require_open(actor, deal.stage)
        policy.require(actor, "deals.delete", deal)
        if deal.deleted_at is None:
            deal.deleted_at = timezone.now()
            save_changed(deal)
            emit_deal("deal.deleted", deal, actor=actor)
    return deal


def restore_deal(*, actor: User, deal: Deal) -> Deal:
    """Out of the recycle bin."""
    with transaction.atomic():
        deal = locked(deal)
        require_open(actor, deal.stage)
        policy.require(actor, "deals.delete", deal)
        if deal.deleted_at is not None:
            deal.deleted_at = None
            save_changed(deal)
            emit_deal("deal.restored", deal, actor=actor)
    return deal


# ---- what the actions on deals share ----


def locked(deal: Deal, version: int | None = None) -> Deal:
    """The deal as it is now, held until the transaction ends."""
    fresh = (
        Deal.objects.select_for_update(of=("self",), no_key=True)
        .select_related("client", "stage", "pipeline", "responsible")
        .get(pk=deal.pk)
    )
    if version is not None and fresh.version != version:
        raise ValidationError(
            _("Somebody changed the deal meanwhile. Look at it again and repeat your change."),
            code="conflict",
        )
    return fresh


def save_changed(deal: Deal) -> None:
    deal.version += 1
    deal.updated_at = timezone.now()
    deal.save()


def data_of(deal: Deal) -> DealData:
    """The deal as it is, to be changed in part."""
    names = ("name", "client_id", "amount", "currency", "expected_on", "source_id")
    more = ("responsible_id", "next_step", "next_step_on", "comment")
    return DealData(
        **{name: getattr(deal, name) for name in (*names, *more)},
        helper_ids=list(deal.helpers.values_list("pk", flat=True)),
    )


def told(deal: Deal) -> dict[str, Any]:
    """The deal as its history tells it."""
    return {
        **{name: getattr(deal, name) for name in _TOLD},
        "client": deal.client.name if deal.client else None,
        "responsible": deal.responsible.name if deal.responsible else None,
        "source": deal.source.name if deal.source else None,
        "helpers": sorted(deal.helpers.values_list("name", flat=True)),
        **own.plain(deal, "deal"),
    }


def emit_deal(
    kind: str, deal: Deal, *, actor: User | None, client_id: int | None = None, **data: Any
) -> None:
    """An event of the deal, on its client's timeline."""
    emit(
        kind,
        actor=actor,
        client_id=client_id or deal.client_id,
        subject_type="deal",
        subject_id=deal.pk,
        data={"name": deal.name, "amount": deal.amount, "currency": deal.currency} | data,
    )


# ---- putting a deal together ----


def _fill(deal: Deal, data: DealData, actor: User) -> None:
    """Writes the data into the deal; nothing is saved yet."""
    company = Company.current()
    deal.client = _client(data.client_id, deal.client_id, actor)
    deal.name = clean_line(data.name) or (deal.client.name if deal.client else "")
    _require_sound(deal.name, data)
    deal.name_key = normalise(deal.name)[:200]
    deal.currency = (data.currency or company.currency).upper()
    deal.amount, deal.expected_on = data.amount, data.expected_on
    deal.amount_base = _in_base(data.amount, deal.currency, company)
    deal.source = _source(data.source_id)
    deal.responsible = _person(data.responsible_id, "responsible")
    deal.next_step, deal.next_step_on = clean_line(data.next_step), data.next_step_on
    deal.comment = data.comment.strip()


def _require_sound(name: str, data: DealData) -> None:
    errors = {}
    if not name or len(name) > 200:
        errors["name"] = _("Give the deal a name of at most 200 characters.")
    if data.amount is not None and not 0 <= data.amount <= LARGEST_SUM:
        errors["amount"] = _("The sum is below zero or too large.")
    if len(data.next_step) > 200:
        errors["next_step"] = _("At most 200 characters.")
    if len(data.comment) > 5000:
        errors["comment"] = _("At most 5,000 characters.")
    if errors:
        raise ValidationError(errors)


def _in_base(amount: int | None, currency: str, company: Company) -> int | None:
    if amount is None:
        return None
    today = company.business_date()
    value = Rates(company.currency).to_base(amount, currency, today)
    if value is None:
        raise ValidationError(
            {
                "currency": _("There is no exchange rate of %(currency)s for %(day)s yet.")
                % {"currency": currency, "day": f"{today:%d.%m.%Y}"}
            }
        )
    return value


def _client(client_id: int | None, kept: int | None, actor: User) -> Client | None:
    if client_id is None:
        return None
    client = Client.objects.answering(client_id).first()
    # The deal's own client may stay even when the actor sees only the deal.
    if client and client.pk == kept:
        return client
    if (
        client is None
        or client.deleted_at
        or not policy.allows(actor, "clients.view", client)
        or not is_within(actor, client)
    ):
        raise ValidationError({"client": _("There is no such client.")})
    return client


def _source(source_id: int | None) -> AcquisitionSource | None:
    source = AcquisitionSource.objects.filter(pk=source_id).first() if source_id else None
    if source_id and source is None:
        raise ValidationError({"source": _("There is no such source.")})
    return source


def _person(user_id: int | None, name: str) -> User | None:
    person = User.objects.people().filter(pk=user_id).first() if user_id else None
    if user_id and person is None:
        raise ValidationError({name: _("There is no such user.")})
    return person


def _first_stage(data: DealData, actor: User) -> Stage:
    stages = Stage.objects.filter(
        removed_at=None,
        pipeline__in=Pipeline.objects.filter(open_pipelines(actor), archived_at=None),
    )
    stages = stages.select_related("pipeline").order_by("pipeline__position", "position")
    if data.stage_id:
        stages = stages.filter(pk=data.stage_id)
    if data.pipeline_id:
        stages = stages.filter(pipeline=data.pipeline_id)
    stage = stages.filter(kind=Stage.Kind.OPEN).first()
    if stage is None:
        raise ValidationError({"stage": _("There is no such stage, or deals do not begin there.")})
    return stage


def _set_helpers(deal: Deal, data: DealData) -> None:
    wanted = set(User.objects.people().filter(pk__in=data.helper_ids).values_list("pk", flat=True))
    if wanted != set(data.helper_ids):
        raise ValidationError({"helpers": _("There is no such user.")})
    DealHelper.objects.filter(deal=deal).exclude(user__in=wanted).delete()
    kept = set(DealHelper.objects.filter(deal=deal).values_list("user_id", flat=True))
    DealHelper.objects.bulk_create(
        [DealHelper(deal=deal, user_id=pk) for pk in sorted(wanted - kept)]
    )
