"""What must not get into the log: the links that let their holder choose a password."""

import logging
import re

_LINK = re.compile(r"(/(?:set-up|invitation)/)[^/\s\"'?]+")


class WithoutKeys(logging.Filter):
    """Writes `/invitation/…` where a line or its arguments name the address of such a link."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        hidden = _LINK.sub(r"\1…", text)
        if hidden != text:
            record.msg, record.args = hidden, None
        return True
