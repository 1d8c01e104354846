"""What the current request or job is: read by `emit`, set by the middleware and the worker."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    return _request_id.get()


@contextmanager
def request(identifier: str = "") -> Iterator[str]:
    """Runs its body under a request id; events written inside carry it."""
    token = _request_id.set(identifier or secrets.token_hex(8))
    try:
        yield _request_id.get()
    finally:
        _request_id.reset(token)
