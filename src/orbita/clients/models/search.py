from django.db import models

from orbita.clients.models.client import Client
from orbita.core.fields import KeyField


class SearchToken(models.Model):
    """A word by which a client is found: of the name, the city, a contact. Kept by the actions."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+", db_index=False)
    token = KeyField(max_length=60)

    class Meta:
        indexes = [
            models.Index(fields=["client"], name="token_of_client"),
            models.Index(
                fields=["token", "client"],
                name="token_prefix",
            ),
        ]

    def __str__(self) -> str:
        return self.token
