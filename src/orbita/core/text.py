"""Text as it is compared and searched by, beside text as it was typed."""

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_WORDS = re.compile(r"[^\W_]+")


def clean_line(text: str) -> str:
    """The text in one line as a person sees it: no control or invisible characters, single blanks."""
    if not text.isprintable():
        text = _CONTROL.sub("", _INVISIBLE.sub("", text))
    text = " ".join(text.split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def clean_text(text: str) -> str:
    """Like `clean_line`, but keeps the line breaks of a note."""
    if text.isprintable():
        return clean_line(text)
    lines = [
        clean_line(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def normalise(text: str) -> str:
    """The form that texts are compared, sorted and searched in.

    Equal for spellings a person takes for the same: case, ё and е, kinds of blanks, full-width and
    composed letters, invisible characters.
    """
    if text.isascii():
        if text.isprintable():
            return " ".join(text.lower().split())
    else:
        text = unicodedata.normalize("NFKC", text)
    if not text.isprintable():
        text = _CONTROL.sub("", _INVISIBLE.sub("", text))
    folded = text.casefold().replace("ё", "е")
    # Folding may leave letters decomposed again ("İ" becomes i and a dot above).
    if not folded.isascii():
        folded = unicodedata.normalize("NFKC", folded)
    return " ".join(folded.split())


def search_tokens(text: str) -> list[str]:
    """The distinct words of a text in their order, normalised: letters and digits only."""
    return list(dict.fromkeys(_WORDS.findall(normalise(text))))
