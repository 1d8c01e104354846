"""What files may be attached to a card. They are stored under random names and only downloaded."""

from pathlib import PurePath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from orbita.core.text import clean_line

LARGEST = 20 * 1024 * 1024
MOST = 10
# Nothing that a browser or a desktop would run: no HTML, SVG, scripts, programs.
EXTENSIONS = frozenset(
    [
        "pdf",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "webp",
        "heic",
        "tif",
        "tiff",
        "bmp",
        "doc",
        "docx",
        "xls",
        "xlsx",
        "ppt",
        "pptx",
        "odt",
        "ods",
        "odp",
        "rtf",
        "txt",
        "csv",
        "zip",
        "rar",
        "7z",
        "eml",
        "msg",
        "vcf",
        "ics",
        "mp3",
        "wav",
        "ogg",
        "m4a",
        "mp4",
        "mov",
        "dwg",
        "dxf",
    ]
)

_ZIP, _OLE, _RIFF = (b"PK\x03\x04", b"PK\x05\x06"), (b"\xd0\xcf\x11\xe0",), (b"RIFF",)
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "png": (b"\x89PNG\r\n",),
    "jpg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "webp": _RIFF,
    "wav": _RIFF,
    "tif": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "bmp": (b"BM",),
    # Programs save under old names in new formats, and the other way round.
    "doc": (*_OLE, *_ZIP, b"{\\rtf"),
    "xls": (*_OLE, *_ZIP, b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08"),
    "ppt": (*_OLE, *_ZIP),
    "msg": _OLE,
    "rtf": (b"{\\rtf",),
    "rar": (b"Rar!\x1a\x07",),
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "mp3": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"),
    "ogg": (b"OggS",),
    "dwg": (b"AC1",),
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods", "odp", "zip"), _ZIP),
}
_SAME = {"jpeg": "jpg", "tiff": "tif"}
_TEXTS = frozenset(["txt", "csv", "eml", "vcf", "ics", "dxf"])
_WIDE_TEXTS = (b"\xff\xfe", b"\xfe\xff")  # UTF-16, half of whose bytes are zero
# Boxes that films and their kin begin with, after four bytes of length (ISO/IEC 14496-12).
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def _is_what_it_says(head: bytes, extension: str) -> bool:
    """Whether a file that begins so can be of the type that its name promises."""
    extension = _SAME.get(extension, extension)
    if extension in _BEGINNINGS:
        return head.startswith(_BEGINNINGS[extension])
    if extension == "pdf":
        return b"%PDF" in head[:1024]
    if extension in _TEXTS:
        is_binary_drawing = extension == "dxf" and head.startswith(b"AutoCAD Binary DXF")
        return b"\0" not in head or head.startswith(_WIDE_TEXTS) or is_binary_drawing
    return head[4:8] in _BOXES


def check(file: UploadedFile[Any]) -> str:
    """The clean name of the file. Raises `ValidationError` when it may not be attached."""
    name = clean_line(PurePath((file.name or "").replace("\\", "/")).name)[-200:]
    extension = name.rpartition(".")[2].lower()
    if not name or extension not in EXTENSIONS:
        raise ValidationError(
            _("Files of the type “%(type)s” are not accepted.") % {"type": extension[:20] or "?"}
        )
    if not file.size:
        raise ValidationError(_("The file “%(name)s” is empty.") % {"name": name})
    if file.size > LARGEST:
        raise ValidationError(
            _("The file “%(name)s” is larger than %(n)s MB.")
            % {"name": name, "n": LARGEST // 1024 // 1024}
        )
    head = file.read(4096)
    file.seek(0)
    if not _is_what_it_says(head, extension):
        raise ValidationError(
            _("The file “%(name)s” is not what its name says: there is something else in it.")
            % {"name": name}
        )
    return name
