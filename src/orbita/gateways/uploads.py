"""Files that come from a browser: refused by their size before a byte is read, else put on disk."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest
from django.utils.translation import gettext as _

from orbita.gateways.files import limits
from orbita.ui import formats

# The rest of the form, and the seams between its parts.
OVERHEAD = limits.MB


def check_room(request: HttpRequest) -> None:
    """Refuses what is too large, or would fill the disk. Raises `ValidationError`."""
    try:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        size = 0
    if size > limits.MAX_TEXT + OVERHEAD:
        raise ValidationError(
            _("The file is %(size)s; up to %(most)s can be loaded. Split it into parts.")
            % {"size": formats.file_size(size), "most": formats.file_size(limits.MAX_TEXT)}
        )
    # The file is put down twice for a moment.
    if size * 2 > shutil.disk_usage(settings.ORBITA_DATA).free:
        raise ValidationError(_("There is not enough room on the server's disk for this file."))


class ToDisk(FileUploadHandler):
    """Streams a file to the data directory: the system's own place for such files may be memory."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._size = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        folder = Path(settings.ORBITA_DATA) / "imports"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Closing it removes it: the request does that when it ends.
        self._file = tempfile.NamedTemporaryFile(dir=folder, prefix="upload-")  # noqa: SIM115

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._size += len(raw_data)
        if self._size > limits.MAX_TEXT:
            raise StopUpload(connection_reset=True)
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        self._file.seek(0)
        return UploadedFile(
            file=self._file,
            name=self.file_name or "file",
            content_type=self.content_type,
            size=file_size,
        )

    def upload_interrupted(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()
