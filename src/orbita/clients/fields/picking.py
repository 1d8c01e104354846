"""Choosing the client that an own field points at: by search while one types, or on saving."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from orbita.accounts.models import User
from orbita.clients.models import Client
from orbita.clients.search import clients_like

LONGEST = 400
# «№ 17 Иванов», «17 Иванов», «17»; a longer row of digits is a phone.
_NUMBER = re.compile(r"№\s*\d{1,17}(\s.*)?|\d{1,9}(\s+\D.*)?")


def written(number: int, name: str) -> str:
    """A linked client as the input shows him; without a name, one whom the reader does not see."""
    return f"№ {number} {name or _('a client you cannot see')}"


class ClientInput(forms.TextInput):
    """A text to search by, with what was found below it: `<name>-pick` is what was chosen."""

    template_name = "clients/client_input.html"

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off"})
        self.found: list[Client] = []

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        address = f"{reverse('clients:link-options')}?as={name}"
        context["widget"]["attrs"] |= {
            "hx-get": address,
            "hx-trigger": "input changed delay:250ms",
            "hx-target": f"#{context['widget']['attrs']['id']}-found",
            "hx-swap": "innerHTML",
            "hx-sync": "this:replace",
        }
        return context | {"clients": self.found, "name": name}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        typed = data.get(name)
        picked = data.get(f"{name}-pick")
        return picked if picked and typed and typed.strip() else typed


class ClientField(forms.CharField):
    """The number of a client, chosen or typed; a name that only one visible client has will do.

    Of several, the form comes back with them to choose from: no script is needed.
    """

    widget: Any = ClientInput

    def __init__(self, *, actor: User, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST, **kwargs)
        self._actor = actor

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text or _NUMBER.fullmatch(text):
            return text
        found = clients_like(self._actor, text)
        if len(found) == 1:
            return str(found[0].pk)
        self.widget.found = found
        raise ValidationError(
            _("Several clients were found: choose one.") if found else _("Nobody was found.")
        )
