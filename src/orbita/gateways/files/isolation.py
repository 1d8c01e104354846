"""Readers run in a process of their own, with limited memory and time.

A hostile workbook may ask its parser for half a terabyte, and that ends the process it runs in: it
must not be the one that serves pages. The same process does the reading and cleaning of an import
beside the one that writes.
"""

import importlib
import logging
import os
import pickle
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Any, ParamSpec, TypeVar

from django.utils.translation import gettext_lazy as _

from orbita.gateways.files import limits
from orbita.gateways.files.errors import FileError

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
_LENGTH = struct.Struct("<Q")
TOO_BIG = _(
    "The file needs too much memory to be read. Save the sheet you need as CSV, or split it into parts."
)
DAMAGED = _("The file is damaged: it cannot be read to the end. Open it and save it again.")


def isolated(function: Callable[P, Iterator[T]], *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
    """Yields what a module-level generator yields in a process of its own.

    Whatever crosses over is pickled. The generator waits while nobody reads. Raises FileError when
    it does, and when its process dies or passes its limits.
    """
    request = pickle.dumps((function.__module__, function.__qualname__, args, kwargs))
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONSAFEPATH": "1",
        "RUST_BACKTRACE": "0",
    }
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=environment,
        )
        try:
            assert process.stdin is not None  # noqa: S101
            assert process.stdout is not None  # noqa: S101
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(request)
            while True:
                frame = _receive(process.stdout)
                if frame is None:
                    process.wait()
                    _report(process.returncode, complaints)
                    raise FileError(DAMAGED if process.returncode == 1 else TOO_BIG)
                kind, value = frame
                if kind == "end":
                    return
                if kind == "error":
                    raise value
                yield value
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _report(code: int, complaints: IO[bytes]) -> None:
    complaints.seek(0)
    log.warning(
        "a file reader ended with %s: %s", code, complaints.read(2000).decode(errors="replace")
    )


def _receive(stream: IO[bytes]) -> tuple[str, Any] | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    if len(body) < length:
        return None
    # The other end is our own program, not the file.
    frame: tuple[str, Any] = pickle.loads(body)  # noqa: S301
    return frame


def _send(stream: IO[bytes], kind: str, value: Any = None) -> None:
    body = pickle.dumps((kind, value), protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (limits.READER_MEMORY, limits.READER_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.READER_SECONDS, limits.READER_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main() -> int:
    module, name, args, kwargs = pickle.loads(sys.stdin.buffer.read())  # noqa: S301
    # Only the pipe speaks the protocol: a stray print must not.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=1024 * 1024)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _limit()
    function = importlib.import_module(module)
    for part in name.split("."):
        function = getattr(function, part)
    try:
        for value in function(*args, **kwargs):
            _send(out, "item", value)
        _send(out, "end")
    except FileError as error:
        _send(out, "error", error)
    except MemoryError:
        _send(out, "error", FileError(TOO_BIG))
    except BrokenPipeError:
        os._exit(0)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
