"""Database sessions that know their user, address and browser, so that a person can end them."""

from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone


class SessionStore(DatabaseStore):
    # As the row said when it was loaded; None for a session that is new.
    seen_at: datetime | None = None
    expire_date: datetime | None = None

    def _validate_session_key(self, key: str | None) -> bool:
        # A cookie may hold any character, zero too, at which PostgreSQL stumbles.
        return bool(key) and str(key).isascii() and str(key).isalnum() and len(str(key)) >= 8

    @classmethod
    def get_model_class(cls) -> Any:
        from orbita.accounts.models import UserSession

        return UserSession

    def _get_session_from_db(self) -> Any:
        row = super()._get_session_from_db()  # type: ignore[misc]
        if row is not None:
            self.seen_at, self.expire_date = row.seen_at, row.expire_date
        return row

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        user_id = data.get(SESSION_KEY)
        row.user_id = int(user_id) if user_id else None
        row.address = data.get("address")
        row.browser = data.get("browser", "")
        if started := data.get("started"):
            row.created_at = datetime.fromisoformat(started)
        return row


def describe(session: Any, *, address: str | None, browser: str) -> None:
    """Writes into a fresh session what its row shall show."""
    session["address"], session["browser"] = address, browser
    session["started"] = timezone.now().isoformat()
