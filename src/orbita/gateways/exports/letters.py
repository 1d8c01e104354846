"""Letters about exports that somebody has to approve."""

from urllib.parse import urljoin

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.core.mail import queue_mail
from orbita.gateways.exports.models import APPROVE, Export
from orbita.ui import formats


def ask(export: Export, site: str) -> None:
    """Tells those who can approve the export that it waits."""
    people = User.objects.people().filter(is_active=True).select_related("role", "team")
    for user in people:
        if policy.level(user, APPROVE) == policy.NONE:
            continue
        if not Export.objects.overseen_by(user).filter(pk=export.pk).exists():
            continue
        with override(user.language):
            subject = _("%(who)s asks for an export") % {"who": export.owner.display_name}
            rows = _("Rows: %(count)s") % {"count": formats.number(export.total)}
            lines = [f"{export.file_name}. {rows}", export.filter_text, export.reason]
            lines.append(urljoin(site, reverse("gateways:exports")))
            queue_mail(
                key=f"export-asked:{export.pk}:{user.pk}",
                to=user.email,
                subject=subject,
                text="\n".join(line for line in lines if line),
            )


def tell(export: Export, site: str) -> None:
    """Tells the owner what was decided."""
    owner = export.owner
    let_out = export.status != Export.Status.REFUSED
    with override(owner.language):
        subject = _("The export is approved") if let_out else _("The export is not approved")
        lines = [export.file_name, export.error]
        lines.append(urljoin(site, reverse("gateways:export", args=[export.pk])))
        queue_mail(
            key=f"export-decided:{export.pk}",
            to=owner.email,
            subject=subject,
            text="\n".join(line for line in lines if line),
        )
