"""The guarded client against real servers: what it must not reach, follow, read or wait for."""

import datetime
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import translation

from orbita.core import outgoing
from orbita.core.outgoing import ForbiddenPlaceError, OutgoingError, request

pytestmark = pytest.mark.no_database


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


class Foreign(http.server.BaseHTTPRequestHandler):
    """A server of somebody else, who may mean ill."""

    asked: list[str]
    seen: list[dict[str, str]]

    def do_GET(self) -> None:
        kind = type(self)
        kind.asked.append(self.path)
        kind.seen.append({name.lower(): value for name, value in self.headers.items()})
        work = getattr(self, f"_{self.path.strip('/').partition('?')[0]}", None)
        if work is None:
            self._say(200, b'{"well": true}')
        else:
            work()

    def do_POST(self) -> None:
        self.do_GET()

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _to(self) -> None:
        self._say(302, b"", Location=self.path.partition("?")[2])

    def _round(self) -> None:
        self._say(302, b"", Location="/round")

    def _nowhere(self) -> None:
        self._say(302, b"")

    def _large(self) -> None:
        self._say(200, b"x" * 5000)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _piece in range(200):
            self.wfile.write(b"x" * 1000)

    def _cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x")

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        self._drop_by_drop()

    def _slow(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Y: ")
        self._drop_by_drop()

    def _drop_by_drop(self) -> None:
        try:
            for _drop in range(200):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    def _rude(self) -> None:
        self.wfile.write(b"\x00\xff not http\r\n\r\n")

    def _garbage(self) -> None:
        self._say(200, b"[" * 100_000)

    def log_message(self, *args: Any) -> None:
        return


def run(context: ssl.SSLContext | None = None) -> tuple[http.server.HTTPServer, type[Foreign]]:
    kind = type("Here", (Foreign,), {"asked": [], "seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    return server, kind


@pytest.fixture
def foreign(settings: Any) -> Iterator[tuple[str, type[Foreign]]]:
    """A server that the administrator allows by address and port, and what it was asked."""
    server, kind = run()
    settings.ORBITA_OUTGOING_ALLOW = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}", kind
    server.shutdown()
    server.server_close()


@pytest.fixture
def inner() -> Iterator[tuple[str, type[Foreign]]]:
    """A server that nobody allows: it stands for what is beside ours."""
    server, kind = run()
    yield f"http://127.0.0.1:{server.server_port}", kind
    server.shutdown()
    server.server_close()


INNER_HOSTS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F.1", "0177.0.0.1", "017700000001",
    "0x7f.0x0.0x0.0x1", "127.0.0.1.", "127.0.0.1..", "127.255.255.254", "localhost", "LOCALHOST",
    "localhost.", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "0.0.0.0", "0", "0x0",
    "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]",
    "[2002:a00:1::1]", "[::127.0.0.1]", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
    "100.64.0.1", "100.100.100.200", "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
    "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "192.0.0.192", "192.0.2.1", "198.18.0.1",
    "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[ff02::1]", "[2001:db8::1]",
    "168.63.129.16", "[v1.x]", "[4000::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", INNER_HOSTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_notation_of_an_inner_address_is_asked(
    host: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connected(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(f"a connection to {args}")

    monkeypatch.setattr(socket, "create_connection", connected)
    with pytest.raises(OutgoingError):
        request(f"{scheme}://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "", "/", "//example.org/", "example.org", "ftp://example.org/", "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_", "javascript:alert(1)", "https://", "https:///x", "https://:443/",
        "https://user@example.org/", "https://user:secret@example.org/", "https://example.org@127.0.0.1/",
        "https://example.org:port/", "https://example.org:99999/", "https://[::1/", "https://[::1%25lo]/",
        "https://exam ple.org/", "https://example.org/\r\nHost: x", "https://example.org\\@127.0.0.1/",
        "https://example.org/\x00", "https://example.org/ю", "https://" + "a" * 64 + ".org/",
        "https://example.org\t.evil/",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(ForbiddenPlaceError):
        request(url)


def answers(*rounds: list[str]) -> Any:
    """A resolver that says something else each time it is asked."""
    left = list(rounds)

    def look_up(host: str, port: int, **kwargs: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in left.pop(0)]

    return look_up


def test_a_resolver_that_changes_its_mind_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []

    def connect(address: tuple[str, int], timeout: float) -> Any:
        reached.append(address[0])
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket, "getaddrinfo", answers(["93.184.215.14"], ["127.0.0.1"]))
    with pytest.raises(OutgoingError, match="cannot be reached"):
        request("https://rebinding.example/")
    assert reached == ["93.184.215.14"]


@pytest.mark.parametrize("mixed", [["93.184.215.14", "127.0.0.1"], ["::1", "93.184.215.14"]])
def test_one_inner_address_among_public_ones_closes_the_place(
    mixed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers(mixed))
    with pytest.raises(ForbiddenPlaceError):
        request("https://mixed.example/")


def test_plain_http_is_for_allowed_places_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers(["93.184.215.14"]))
    with pytest.raises(ForbiddenPlaceError, match="https"):
        request("http://public.example/")


def test_an_allowed_server_is_asked(foreign: tuple[str, type[Foreign]]) -> None:
    base, server = foreign
    answer = request(f"{base}/x?y=1", headers={"Accept": "application/json"})
    assert (answer.status, answer.json()) == (200, {"well": True})
    assert server.asked == ["/x?y=1"]
    assert server.seen[0]["host"] == base.removeprefix("http://")
    assert server.seen[0]["accept"] == "application/json"


@pytest.mark.parametrize(
    ("allowed", "reached"),
    [
        ("127.0.0.0/8", True),
        ("127.0.0.1", True),
        ("127.0.0.1:PORT", True),
        ("localhost", True),
        ("localhost:PORT", True),
        ("127.0.0.1:1", False),
        ("localhost:1", False),
        ("10.0.0.0/8", False),
        ("localhos", False),
    ],
)
def test_the_administrator_allows_names_networks_and_ports(
    inner: tuple[str, type[Foreign]], settings: Any, allowed: str, reached: bool
) -> None:
    base, server = inner
    port = base.rpartition(":")[2]
    settings.ORBITA_OUTGOING_ALLOW = [allowed.replace("PORT", port), "[::1]"]
    if reached:
        assert request(f"http://localhost:{port}/").status == 200
    else:
        with pytest.raises(ForbiddenPlaceError):
            request(f"http://localhost:{port}/")
        assert server.asked == []


@pytest.mark.parametrize("shape", ["{inner}/secret", "//{host}/secret", "file:///etc/passwd"])
def test_a_redirect_does_not_lead_where_a_request_may_not_go(
    foreign: tuple[str, type[Foreign]], inner: tuple[str, type[Foreign]], shape: str
) -> None:
    target = shape.format(inner=inner[0], host=inner[0].removeprefix("http://"))
    with pytest.raises(ForbiddenPlaceError):
        request(f"{foreign[0]}/to?{target}")
    assert inner[1].asked == []


def test_redirects_are_followed_a_few_steps_and_secrets_stay_with_the_first_server(
    foreign: tuple[str, type[Foreign]], inner: tuple[str, type[Foreign]], settings: Any
) -> None:
    settings.ORBITA_OUTGOING_ALLOW = ["127.0.0.1"]
    (base, server), (other, second) = foreign, inner
    headers = {"Authorization": "Bearer secret"}
    assert request(f"{base}/to?/well", headers=headers).status == 200
    assert server.seen[-1]["authorization"] == "Bearer secret"
    assert request(f"{base}/to?{other}/well", headers=headers).status == 200
    assert "authorization" not in second.seen[-1]
    with pytest.raises(OutgoingError, match="on and on"):
        request(f"{base}/round")
    with pytest.raises(OutgoingError, match="on and on"):
        request(f"{base}/nowhere")
    assert request(f"{base}/to?/well", method="POST", body=b"x").status == 302


@pytest.mark.parametrize("path", ["large", "endless"])
def test_a_long_answer_is_not_read_to_its_end(foreign: tuple[str, Any], path: str) -> None:
    with pytest.raises(OutgoingError, match="too long"):
        request(f"{foreign[0]}/{path}", most_bytes=1000)


@pytest.mark.parametrize("path", ["drip", "slow"])
def test_a_server_that_drips_is_cut_off(foreign: tuple[str, Any], path: str) -> None:
    with pytest.raises(OutgoingError, match="takes too long"):
        request(f"{foreign[0]}/{path}", most_seconds=0.5)


@pytest.mark.parametrize("path", ["rude", "cut"])
def test_a_damaged_answer_is_an_error_in_words(foreign: tuple[str, Any], path: str) -> None:
    with pytest.raises(OutgoingError):
        request(f"{foreign[0]}/{path}")


def test_what_is_no_json_is_an_error_in_words(foreign: tuple[str, Any]) -> None:
    with pytest.raises(OutgoingError, match="no JSON"):
        request(f"{foreign[0]}/garbage").json()


def test_a_resolver_that_never_answers_does_not_hold_us_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: release.wait(60) and [])
    with pytest.raises(OutgoingError, match="there is no server"):
        request("https://silent.example/", most_seconds=0.3)
    release.set()


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, settings: Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server, kind = run(context)
    settings.ORBITA_OUTGOING_ALLOW = ["localhost"]
    url = f"https://localhost:{server.server_port}/"
    with pytest.raises(OutgoingError, match="no good answer"):
        request(url)
    assert kind.asked == []
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.215.14", True), ("2606:4700::1111", True), ("::ffff:93.184.215.14", True),
     ("64:ff9b::5db8:d70e", True), ("2002:5db8:d70e::1", True), ("::ffff:10.0.0.1", False)],
)  # fmt: skip
def test_addresses_are_judged_by_what_is_inside_them(address: str, public: bool) -> None:
    assert outgoing.is_public(ip_address(address)) is public
