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
    return name
