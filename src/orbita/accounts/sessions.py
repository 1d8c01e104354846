"""Database sessions that know their user, address and browser, so that a person can end them."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> Any:
        from orbita.accounts.models import UserSession

        return UserSession

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        session: Any = super().create_model_instance(data)
        user_id = data.get(SESSION_KEY)
        session.user_id = int(user_id) if user_id else None
        session.address = data.get("address")
        session.browser = data.get("browser", "")
        if started := data.get("started"):
            session.created_at = started
        return session
