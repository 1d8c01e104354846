from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orbita.gateways.exports.models import ExportRules
from orbita.ui.forms import UiForm

MOST = 1_000_000_000


class RulesForm(UiForm):
    """How much may leave; an empty field is no limit."""

    rows_a_day = forms.IntegerField(
        label=_("Rows a day for one person"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=_("Empty: as many as he likes. Administrators are not limited."),
    )
    approved_from = forms.IntegerField(
        label=_("Approved by somebody else, from so many rows on"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=_("Empty: nothing needs approval."),
    )

    def __init__(self, data: Any, *, rules: ExportRules) -> None:
        initial = {"rows_a_day": rules.rows_a_day, "approved_from": rules.approved_from}
        super().__init__(data, initial=initial)
