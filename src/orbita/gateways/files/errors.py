from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy

Message = str | Promise


class FileError(Exception):
    """A file that cannot be read, with one sentence that tells its owner why and what to do.

    The sentence is translated where it is shown: the readers run without settings.
    """

    def __init__(self, message: Message, **values: Any) -> None:
        super().__init__(format_lazy(message, **values) if values else message)

    @property
    def message(self) -> Message:
        message: Message = self.args[0]
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return FileError, (self.message,)
