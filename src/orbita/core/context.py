"""What the current request or job is: read by `emit`, set by the middleware and the worker."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
REQUEST_ID = "orbita.request_id"
_request_id: ContextVar[str] = ContextVar("request_id", default="")
_address: ContextVar[str] = ContextVar("address", default="")
_memory: ContextVar[dict[str, Any] | None] = ContextVar("memory", default=None)


def request_id() -> str:
    return _request_id.get()


def address() -> str:
    """Where the request came from; "" for a job, a command and what is not known."""
    return _address.get()


@contextmanager
def request(identifier: str = "", address: str = "") -> Iterator[str]:
    """Runs its body under a request id; events written inside carry it."""
    token = _request_id.set(identifier or secrets.token_hex(8))
    came_from = _address.set(address)
    memory = _memory.set({})
    try:
        yield _request_id.get()
    finally:
        _memory.reset(memory)
        _address.reset(came_from)
        _request_id.reset(token)


def remembered(name: str, make: Callable[[], T]) -> T:
    """What `make` returns, made once per request or job; outside of one, made every time."""
    memory = _memory.get()
    if memory is None:
        return make()
    if name not in memory:
        memory[name] = make()
    value: T = memory[name]
    return value


def forget(name: str) -> None:
    if (memory := _memory.get()) is not None:
        memory.pop(name, None)
