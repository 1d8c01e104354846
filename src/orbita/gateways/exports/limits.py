"""How much may leave in a day, and what has to be approved. Administrators are not limited: they set
the limits, and what they take is on record.
"""

from datetime import datetime, time

from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.utils.translation import gettext as _

from orbita.accounts.models import User
from orbita.core.models import Company
from orbita.gateways.exports.lists import Plan
from orbita.gateways.exports.models import Export, ExportRules
from orbita.ui import formats

Status = Export.Status
NOT_TAKEN = (Status.FAILED, Status.REFUSED)


def needs_approval(actor: User, plan: Plan) -> bool:
    """Whether so many rows leave only when somebody else lets them."""
    edge = ExportRules.current().approved_from
    if edge is None or actor.role.is_administrator:
        return False
    return plan.total >= edge


def require_room(actor: User, count: int) -> None:
    """Raises `ValidationError` when the actor would take more today than one may.

    Inside the transaction that stores the export; two at once wait for each other.
    """
    most = ExportRules.current().rows_a_day
    if most is None or actor.role.is_administrator:
        return
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    left = max(most - taken_today(actor), 0)
    if count > left:
        raise ValidationError(
            _("Today you may take %(left)s rows more, and this is %(count)s.")
            % {"left": formats.number(left), "count": formats.number(count)}
        )


def taken_today(actor: User) -> int:
    """Rows that the person took since midnight of the company, or waits for."""
    company = Company.current()
    midnight = datetime.combine(company.business_date(), time(), company.zone)
    rows = Export.objects.filter(owner=actor, created_at__gte=midnight).exclude(
        status__in=NOT_TAKEN
    )
    return int(rows.aggregate(taken=Sum("total"))["taken"] or 0)
