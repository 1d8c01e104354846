"""What administrators do to the core: company settings, jobs, letters."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from phonenumbers import SUPPORTED_REGIONS

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core import jobs, mail, zones
from orbita.core.events import changes, emit
from orbita.core.models import Company, Job, OutgoingMail


def change_company(*, actor: User, name: str, time_zone: str, phone_region: str) -> Company:
    """Changes the company's settings. Its currency is chosen once, at set-up: all sums are in it."""
    policy.require(actor, "core.settings")
    if time_zone not in zones.known():
        raise ValidationError({"time_zone": _("There is no such time zone.")})
    if phone_region not in SUPPORTED_REGIONS:
        raise ValidationError({"phone_region": _("There is no such country.")})
    company = Company.objects.first() or Company()
    before = _company_fields(company)
    company.name, company.time_zone, company.phone_region = name.strip(), time_zone, phone_region
    company.full_clean()
    difference = changes(before, _company_fields(company))
    if difference["after"] or company.pk is None:
        with transaction.atomic():
            company.save()
            emit(
                "company.changed",
                actor=actor,
                subject_type="company",
                subject_id=company.pk,
                data=difference,
            )
    return company


def _company_fields(company: Company) -> dict[str, str]:
    return {name: getattr(company, name) for name in ("name", "time_zone", "phone_region")}


def retry_job(*, actor: User, job: Job) -> bool:
    """Queues a failed job again; False when it has not failed."""
    policy.require(actor, "core.jobs")
    return jobs.retry(actor=actor, job=job)


def send_again(*, actor: User, letter: OutgoingMail) -> bool:
    """Sends a failed or doubtful letter again; False when it is neither."""
    policy.require(actor, "core.jobs")
    return mail.send_again(actor=actor, mail=letter)
