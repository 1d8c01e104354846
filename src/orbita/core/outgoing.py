"""The one way out to other servers over HTTP, for addresses that somebody typed or another server named.

Whatever the notation of a host, what counts are the addresses that it resolves to: unless the
administrator allows the place (`ORBITA_OUTGOING_ALLOW`), none of them may be private, loopback,
link-local or otherwise not of the public internet. The name is resolved once and the connection goes
to that very address, so an answer of the resolver that changes meanwhile changes nothing. Each
redirect is a place of its own. Answers are bounded in size, and everything together in time.
"""

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from orbita import __version__

MOST_BYTES, MOST_SECONDS, MOST_REDIRECTS = 1024 * 1024, 10.0, 3
_REDIRECTS = (301, 302, 303, 307, 308)
# Public by their numbers, yet services of the cloud that the machine stands in.
_CLOUD = frozenset({IPv4Address("168.63.129.16"), IPv4Address("100.100.100.200")})
# Python's versions differ about the first; of IPv6 only this part is given out for the internet.
_CLOSED, _GIVEN_OUT = IPv4Network("192.0.0.0/24"), IPv6Network("2000::/3")
# IPv4 inside IPv6 that the standard library does not take apart (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
Address = IPv4Address | IPv6Address


class OutgoingError(Exception):
    """The other server was not asked, or its answer is of no use; `str()` says why, for a person."""


class ForbiddenPlaceError(OutgoingError):
    """A place that this server must not be made to ask."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        """The decoded body. Raises `OutgoingError` when it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise OutgoingError(_("the answer is no JSON")) from None


@dataclass(frozen=True)
class Place:
    """Where a request goes: the parts of a URL, as the connection needs them."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def header(self) -> str:
        """The value of `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return host if self.port == usual else f"{host}:{self.port}"


def request(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    most_bytes: int = MOST_BYTES,
    most_seconds: float = MOST_SECONDS,
) -> Answer:
    """What the server at this address answers; redirects of a GET are followed, each one checked.

    `headers` go to the first server alone. Raises `OutgoingError`.
    """
    ends = time.monotonic() + most_seconds
    place, given = _place(url), dict(headers or {})
    for _step in range(MOST_REDIRECTS + 1):
        answer = _ask(place, method, given, body, most_bytes, ends)
        if method != "GET" or answer.status not in _REDIRECTS:
            return answer
        url = urljoin(url, answer.headers.get("location", ""))
        following = _place(url)
        if following.origin != place.origin:
            given = {}
        place = following
    raise OutgoingError(_("the server sends on and on"))


def _place(url: str) -> Place:
    """Takes an address apart. Raises `ForbiddenPlaceError` for what is no plain address of the web."""
    if any(ord(sign) <= 32 or ord(sign) == 127 for sign in url) or "\\" in url:
        raise ForbiddenPlaceError(_("this is no address"))
    try:
        parts: SplitResult = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
        host = host.rstrip(".") if ":" in host else host.rstrip(".").encode("idna").decode()
        (parts.path + parts.query).encode("ascii")
    except ValueError:  # damaged ports, brackets and names; UnicodeError is one too
        raise ForbiddenPlaceError(_("this is no address")) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ForbiddenPlaceError(_("only https addresses are asked"))
    if "@" in parts.netloc or "%" in host:
        raise ForbiddenPlaceError(_("names and passwords do not belong into an address"))
    usual = 443 if parts.scheme == "https" else 80
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, host.lower(), usual if port is None else port, target)


def _ask(
    place: Place,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None,
    most_bytes: int,
    ends: float,
) -> Answer:
    connection = http.client.HTTPConnection(place.host, place.port)
    with _open(_allowed(place, _resolve(place, ends)), place, ends) as sock:
        try:
            connection.sock = sock.secured(place)
            connection.request(
                method,
                place.target,
                body,
                {
                    "Accept-Encoding": "identity",
                    "User-Agent": f"Orbita/{__version__}",
                    "Connection": "close",
                    **headers,
                    "Host": place.header,
                },
            )
            response = connection.getresponse()
            content = response.read(most_bytes + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if time.monotonic() >= ends:
                raise OutgoingError(_("the server takes too long")) from None
            raise OutgoingError(
                _("the server gives no good answer: %(error)s") % {"error": error}
            ) from None
    if time.monotonic() >= ends:
        raise OutgoingError(_("the server takes too long"))
    kept = {name.lower(): value for name, value in response.getheaders()}
    if len(content) > most_bytes:
        raise OutgoingError(_("the answer is too long"))
    announced = kept.get("content-length", "")
    if method != "HEAD" and announced.isdecimal() and len(content) < int(announced):
        raise OutgoingError(_("the answer is cut off"))
    return Answer(response.status, kept, content)


def _resolve(place: Place, ends: float) -> list[Address]:
    """The addresses of the host, asked for once. The system's resolver knows no limit of its own."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            return

    seeker = threading.Thread(target=look_up, daemon=True)
    seeker.start()
    seeker.join(max(0.0, ends - time.monotonic()))
    addresses = [ip_address(str(row[4][0]).partition("%")[0]) for row in list(found)]
    if not addresses:
        raise OutgoingError(_("there is no server %(host)s") % {"host": place.host})
    return list(dict.fromkeys(addresses))


def _allowed(place: Place, addresses: list[Address]) -> list[Address]:
    """The addresses to try. Raises `ForbiddenPlaceError` when even one of them is not to be asked."""
    allowed = _allow_list(tuple(settings.ORBITA_OUTGOING_ALLOW))
    trusted = allowed.has_name(place)
    for address in addresses:
        if not trusted and not allowed.has_address(address, place.port):
            if not is_public(address):
                raise ForbiddenPlaceError(
                    _("%(host)s is not a server of the public internet") % {"host": place.host}
                )
            if place.scheme != "https":
                raise ForbiddenPlaceError(_("only https addresses are asked"))
    return addresses


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, whatever it is wrapped into."""
    inner = _inside(address)
    if inner is not None:
        return is_public(inner)
    if address in _CLOSED or (address.version == 6 and address not in _GIVEN_OUT):
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and address not in _CLOUD
    )


def _inside(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4, Teredo, NAT64."""
    if not isinstance(address, IPv6Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


@dataclass(frozen=True)
class _AllowList:
    """What the administrator allows beyond the public internet: names and networks, each of them for
    one port when it is named.
    """

    names: frozenset[tuple[str, int | None]]
    networks: tuple[tuple[IPv4Network | IPv6Network, int | None], ...]

    def has_name(self, place: Place) -> bool:
        return bool(self.names & {(place.host, None), (place.host, place.port)})

    def has_address(self, address: Address, port: int) -> bool:
        address = (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
        return any(address in network and only in (None, port) for network, only in self.networks)


@lru_cache(maxsize=8)
def _allow_list(words: tuple[str, ...]) -> _AllowList:
    """Reads `idp.office.lan`, `idp.office.lan:8443`, `10.0.0.0/8`, `10.0.0.5:8443`, `[fd00::/8]:443`."""
    names: set[tuple[str, int | None]] = set()
    networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
    for word in words:
        host, port = _with_port(word)
        try:
            networks.append((ip_network(host, strict=False), port))
        except ValueError:
            names.add((host.lower().rstrip("."), port))
    return _AllowList(frozenset(names), tuple(networks))


def _with_port(word: str) -> tuple[str, int | None]:
    host, colon, port = word.rpartition(":")
    has_port = bool(colon) and (host.endswith("]") or ":" not in host)
    if not has_port:
        return word.strip("[]"), None
    if not port.isdecimal():
        raise ImproperlyConfigured(f"ORBITA_OUTGOING_ALLOW: {word!r} is no name and no network")
    return host.strip("[]"), int(port)


class _Line:
    """An open connection that is cut at a moment, whatever is under way: a server that sends a byte now
    and then keeps every single wait short.
    """

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock = sock
        self._sentry = threading.Timer(max(0.0, ends - time.monotonic()), self._cut)
        self._sentry.daemon = True

    def __enter__(self) -> "_Line":
        self._sentry.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._sentry.cancel()
        self._sock.close()

    def secured(self, place: Place) -> socket.socket:
        """The socket to talk on: for https once the certificate was found to be that of the host."""
        if place.scheme == "https":
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            wrapped = context.wrap_socket(
                self._sock, server_hostname=place.host, do_handshake_on_connect=False
            )
            self._sock = wrapped
            wrapped.do_handshake()
        return self._sock

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            # Of the plain socket: that of TLS would first say goodbye to the other side.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


def _open(addresses: list[Address], place: Place, ends: float) -> _Line:
    """A connection to the first of these very addresses that takes one."""
    for address in addresses:
        left = ends - time.monotonic()
        if left <= 0:
            break
        with contextlib.suppress(OSError):
            sock = socket.create_connection((str(address), place.port), timeout=left)
            return _Line(sock, ends)
    raise OutgoingError(_("%(host)s cannot be reached") % {"host": place.host})
