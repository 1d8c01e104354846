from django.db import models
from django.utils.translation import gettext_lazy as _

from orbita.clients.models.client import Client


class CompanyPerson(models.Model):
    """A person's place in a company and his role in its decision-making unit."""

    class Role(models.TextChoices):
        UNKNOWN = "", _("role not known")
        DECIDES = "decides", _("decides")
        INFLUENCES = "influences", _("influences")
        PAYS = "pays", _("pays")
        USES = "uses", _("uses")
        BLOCKS = "blocks", _("blocks")

    company = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="people")
    person = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="companies")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, blank=True)
    position = models.CharField(_("position"), max_length=200, blank=True)
    since = models.DateField(_("works there since"), null=True, blank=True)
    # Filled once the person has left: the row stays as history.
    until = models.DateField(_("worked there until"), null=True, blank=True)

    class Meta:
        verbose_name = _("person of a company")
        constraints = [
            models.UniqueConstraint(fields=["company", "person"], name="person_once_per_company"),
            models.CheckConstraint(
                condition=~models.Q(company=models.F("person")), name="company_is_not_its_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} @ {self.company_id}"
