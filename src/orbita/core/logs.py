"""What a line of the log has beside its message, and what must not get into it."""

import logging
import re

from orbita.core import context

_LINK = re.compile(r"(/(?:set-up|invitation|my)/)[^/\s\"'?]+")


class WithoutKeys(logging.Filter):
    """Keeps out the links that let their holder choose a password, or show a client his own page.

    Writes `/invitation/…` where a line or its arguments name the address of such a link.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        hidden = _LINK.sub(r"\1…", text)
        if hidden != text:
            record.msg, record.args = hidden, None
        return True


class WithRequestId(logging.Filter):
    """Puts before the line which request or job it was written in, as its events and answers say."""

    def filter(self, record: logging.LogRecord) -> bool:
        of_request = getattr(getattr(record, "request", None), "META", {})
        identifier = context.request_id() or of_request.get(context.REQUEST_ID, "")
        record.cause = f"[{identifier}] " if identifier else ""
        return True
