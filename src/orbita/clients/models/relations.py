from django.db import models
from django.db.models.functions import Greatest, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orbita.clients.models.client import Client


class Relation(models.Model):
    """What two clients are to each other, stored once: `client` is under `other`.

    A branch under its head office, a child under a parent, one who was recommended under who
    recommended him. Between equals the older card comes first, unless a merge has moved the row.
    What each kind means and whom it may join stands in `clients.relations`.
    """

    class Kind(models.TextChoices):
        BRANCH = "branch", _("branch and head office")
        SPOUSE = "spouse", _("spouses")
        PARENT = "parent", _("child and parent")
        SIBLING = "sibling", _("brothers and sisters")
        RELATIVE = "relative", _("relatives")
        HOUSEHOLD = "household", _("live together")
        FRIEND = "friend", _("friends")
        RECOMMENDED = "recommended", _("came by recommendation")

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="relations")
    other = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="related_to")
    kind = models.CharField(_("kind"), max_length=11, choices=Kind.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("relation")
        constraints = [
            models.UniqueConstraint(
                Least("client", "other"), Greatest("client", "other"), "kind", name="related_once"
            ),
            models.UniqueConstraint(
                fields=["client", "kind"],
                condition=models.Q(kind__in=["branch", "recommended"]),
                name="one_head_office_and_one_recommendation",
            ),
            models.CheckConstraint(
                condition=~models.Q(client=models.F("other")), name="not_related_to_oneself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.kind} {self.other_id}"
