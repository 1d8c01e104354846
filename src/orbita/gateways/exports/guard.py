"""Keeps what a stranger typed from becoming a formula in the spreadsheet of whoever opens a file.

A cell that a program may take for a formula gets an apostrophe before it, the mark by which
spreadsheets themselves tell text. Blanks and invisible characters before the sign do not hide it,
and full-width signs count, since some programs fold them. A phone in the international form stays
as it is: digits alone are only a number, and groups with blanks or brackets are no formula.
"""

import re

_BLANK = r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
_RISKY = re.compile(rf"[{_BLANK}]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b]|[\t\r\n]")
# Without a blank or a bracket, "+7-900-000" would be reckoned out.
_ONE_PHONE = r"(?:\+[1-9]\d{6,14}|\+[1-9]\d{0,3}(?=[^A-Za-z;,]*[ (])[ ]?(?:\(\d{2,5}\)[ ]?)?\d[\d \-]{4,17}\d)"
_PHONE = re.compile(rf"{_ONE_PHONE}(?:[;,] {_ONE_PHONE})*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def guarded(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    text = _CONTROL.sub("", text)
    if _RISKY.match(text) and not _PHONE.fullmatch(text):
        return "'" + text
    return text
