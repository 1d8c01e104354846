"""What rules may ask of a client's RFM: lists, segments and links from the map."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from orbita.analytics.rfm.groups import GROUPS
from orbita.core.rules import Choices, Fact, column

RFM = _("RFM")
PERMISSION = "analytics.view"


def _groups(actor: Any) -> Choices:
    return [(group.name, group.label) for group in GROUPS.values()]


FACTS = (
    Fact(
        "rfm_group",
        _("RFM group"),
        "choice",
        column("rfm__group"),
        RFM,
        _groups,
        permission=PERMISSION,
    ),
    Fact(
        "rfm_was",
        _("RFM group at the end of last month"),
        "choice",
        column("rfm__was", blank=""),
        RFM,
        _groups,
        permission=PERMISSION,
    ),
    Fact("rfm_r", _("Recency, R"), "number", column("rfm__r"), RFM, permission=PERMISSION),
    Fact("rfm_f", _("Frequency, F"), "number", column("rfm__f"), RFM, permission=PERMISSION),
    Fact("rfm_m", _("Money, M"), "number", column("rfm__m"), RFM, permission=PERMISSION),
    Fact(
        "rfm_fm", _("Frequency and money"), "number", column("rfm__fm"), RFM, permission=PERMISSION
    ),
    Fact(
        "rfm_money",
        _("Money counted in RFM"),
        "money",
        column("rfm__monetary"),
        RFM,
        permission=PERMISSION,
    ),
)
