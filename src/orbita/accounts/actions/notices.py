"""Letters to a person about his own account: who did not do it himself learns of it at once."""

from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from orbita.accounts.browsers import browser_words
from orbita.accounts.devices import KEPT_FOR
from orbita.accounts.models import KnownDevice, User
from orbita.core.events import emit
from orbita.core.mail import queue_mail


def learn_device(
    user: User, *, mark: str, address: str | None, browser: str, site: str, is_first: bool
) -> None:
    """Remembers the browser that a person has just signed in from. One not seen before is put on
    record and he gets a letter, but for the very first sign-in of the account.
    """
    with transaction.atomic():
        device, is_new = KnownDevice.objects.get_or_create(user=user, mark=mark)
        if not is_new:
            KnownDevice.objects.filter(pk=device.pk).update(seen_at=timezone.now())
            return
        user.devices.filter(seen_at__lt=timezone.now() - KEPT_FOR).delete()
        if is_first:
            return
        event = emit(
            "user.new_device",
            actor=user,
            subject_type="user",
            subject_id=user.pk,
            data={"address": address, "browser": browser},
        )
        _write(
            user,
            key=f"device:{event.pk}",
            subject=gettext_lazy("Sign-in to Orbita from a new device"),
            what=gettext_lazy(
                "Somebody has signed in to Orbita under your e-mail from a device not seen before."
            ),
            address=address,
            browser=browser,
            site=site,
        )


def tell_passkey_added(
    user: User, *, name: str, number: int, address: str | None, browser: str, site: str
) -> None:
    """Writes to the person that a passkey of this name now opens his account."""
    _write(
        user,
        key=f"passkey:{number}",
        subject=gettext_lazy("New passkey for Orbita"),
        what=gettext_lazy("A passkey was added to your account; it signs in without a password."),
        address=address,
        browser=browser,
        site=site,
        name=name,
    )


def _write(
    user: User,
    *,
    key: str,
    subject: Promise,
    what: Promise,
    address: str | None,
    browser: str,
    site: str,
    name: str = "",
) -> None:
    """The letter in the language and time zone of the person."""
    now = timezone.localtime(timezone.now(), ZoneInfo(user.time_zone))
    with override(user.language):
        lines = [
            _("Hello, %(name)s!") % {"name": user.display_name},
            "",
            str(what),
            "",
            *([_("Passkey: %(name)s") % {"name": name}] if name else []),
            _("When: %(when)s (%(zone)s)")
            % {"when": date_format(now, "DATETIME_FORMAT"), "zone": user.time_zone},
            _("From the address: %(address)s") % {"address": address or _("not known")},
            _("Browser: %(browser)s") % {"browser": browser_words(browser) or _("not known")},
            "",
            _("If it was you, there is nothing to do."),
            _("If it was not: end the sessions that are not yours and choose a new password."),
            site.rstrip("/") + reverse("accounts:sessions"),
            site.rstrip("/") + reverse("accounts:forgot"),
        ]
        queue_mail(key=key, to=user.email, subject=str(subject), text="\n".join(lines))
