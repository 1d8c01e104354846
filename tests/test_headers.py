"""What every answer says to browsers, under the settings that an installation can have."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from orbita.accounts.testing import make_world

pytestmark = pytest.mark.django_db
PAGES = ["/sign-in/", "/profile/", "/healthz", "/no/such/page/"]


@pytest.mark.parametrize("url", PAGES)
def test_every_answer_carries_the_security_headers(client: Client, url: str) -> None:
    headers = client.get(url).headers
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Request-Id"]


def test_pages_hold_nothing_that_the_policy_forbids(client: Client) -> None:
    client.force_login(make_world().administrator)
    for url in ("/sign-in/forgot/", "/profile/", "/settings/users/", "/settings/jobs/"):
        page = client.get(url).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<script>" not in page


ASK = """
import django, json, sys
django.setup()
from django.conf import settings
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
client = Client(HTTP_HOST="crm.example.org")
secure = sys.argv[1] == "secure"
response = client.get("/sign-in/", secure=secure)
print(json.dumps({
    "headers": dict(response.headers),
    "csrf_secure": bool(response.cookies["csrftoken"]["secure"]),
    "csrf_same_site": response.cookies["csrftoken"]["samesite"],
    "session_secure": settings.SESSION_COOKIE_SECURE,
    "session_http_only": settings.SESSION_COOKIE_HTTPONLY,
}))
"""


def ask(folder: Path, way: str, **environment: str) -> Any:
    """Headers of an installation with these settings, told by a process of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ORBITA_", "DATABASE_"))}
    done = subprocess.run(
        [sys.executable, "-c", f"import django\n{MIGRATE}\n{ASK}", way],
        env={
            **kept,
            "DJANGO_SETTINGS_MODULE": "orbita.config.settings",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "ORBITA_DATA": str(folder),
            **environment,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


MIGRATE = "django.setup()\nfrom django.core.management import call_command\ncall_command('migrate', verbosity=0)"


@pytest.mark.no_database
@pytest.mark.server
def test_under_https_cookies_are_secure_and_hsts_is_an_option(tmp_path: Path) -> None:
    url = "https://crm.example.org"
    plain = ask(tmp_path, "plain", ORBITA_URL="http://crm.example.org")
    assert not plain["session_secure"]
    assert not plain["csrf_secure"]
    secure = ask(tmp_path, "secure", ORBITA_URL=url)
    assert secure["session_secure"]
    assert secure["csrf_secure"]
    assert secure["session_http_only"]
    assert secure["csrf_same_site"] == "Lax"
    assert "Strict-Transport-Security" not in secure["headers"]
    strict = ask(tmp_path, "secure", ORBITA_URL=url, ORBITA_HSTS_SECONDS="3600")
    assert strict["headers"]["Strict-Transport-Security"] == "max-age=3600"
