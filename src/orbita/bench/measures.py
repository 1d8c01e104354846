"""What is measured, each in a process of its own over a filled base. Prints one line of JSON.

Run by the command as `python -m orbita.bench.measures NAME …`; the environment names the base.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import django

from orbita.core.starting import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orbita.config.settings")
with starting():  # as the service does
    django.setup()
    from django.urls import get_resolver

    _ = get_resolver().url_patterns

from django.core.management import call_command
from django.test import Client as Browser
from django.test.utils import override_settings
from django.urls import reverse

from orbita.accounts.actions import create_token
from orbita.accounts.field_rights import GUARDED, MASKED
from orbita.accounts.models import Role, User
from orbita.analytics.rfm.compute import summarise
from orbita.analytics.rfm.measure import measured
from orbita.analytics.rfm.scoring import Params
from orbita.bench import duplicates, generate, search, service, timing, work
from orbita.clients.models import Client
from orbita.core.models import Company

CITY = "Казань"


def prepare(clients: str, orders: str) -> dict[str, float]:
    """Migrates and fills an empty base. Returns how long the filling took."""
    call_command("migrate", verbosity=0)
    User.objects.create_user(
        "bench@example.org", name="Bench", role=Role.objects.get(key="administrator")
    )
    return {"seconds": round(timing.once(lambda: generate.fill(int(clients), int(orders))), 1)}


def prepare_search(clients: str) -> dict[str, float]:
    """Migrates and fills an empty base for the search. Returns how long the filling took."""
    call_command("migrate", verbosity=0)
    return {"seconds": round(timing.once(lambda: search.fill(int(clients))), 1)}


def _user() -> User:
    return User.objects.get(email="bench@example.org")


def _guarded_user() -> User:
    """One whose role sees every field that can be masked in part only."""
    role, _made = Role.objects.update_or_create(
        name="Bench",
        defaults={
            "permissions": Role.objects.get(key="head").permissions,
            "field_rights": {field.name: MASKED for field in GUARDED if field.maskable},
        },
    )
    user, _made = User.objects.update_or_create(
        email="masked@example.org", defaults={"name": "Bench", "role": role}
    )
    return user


def _browser(user: User) -> Browser:
    browser = Browser(HTTP_HOST="localhost")
    browser.force_login(user)
    return browser


def _page(browser: Browser, url: str) -> Callable[[], None]:
    def fetch() -> None:
        response = browser.get(url)
        if response.status_code != 200:
            raise RuntimeError(f"{url} answered {response.status_code}")

    return fetch


def _api_browser() -> Browser:
    _token, secret = create_token(actor=None, user=_user(), name="bench", scopes=["*"])
    return Browser(headers={"host": "localhost", "authorization": f"Bearer {secret}"})


def pages() -> dict[str, Any]:
    """The client list, the list filtered by city and last order, the card: whole requests, by one who
    sees everything and by one who sees it masked.
    """
    open_to_all, guarded = _browser(_user()), _browser(_guarded_user())
    listing = reverse("clients:list")
    rule = {
        "all": [
            {"fact": "city", "op": "in", "value": [CITY]},
            {"fact": "last_order", "op": "last_days", "value": 90},
        ]
    }
    filtered = f"{listing}?rule={json.dumps(rule, ensure_ascii=False)}"
    middle = Client.objects.order_by("-pk").first()
    card = reverse("clients:card", kwargs={"pk": (middle.pk if middle else 2) // 2})
    measured = {"client list": listing, "list by city and last order": filtered, "card": card}
    return {
        f"{name}{how}": timing.timed(_page(browser, url))
        for how, browser in (("", open_to_all), (", masked", guarded))
        for name, url in measured.items()
    }


def prepare_work(deals: str) -> dict[str, float]:
    """Puts open deals into a base of clients. Returns how long the filling took."""
    return {"seconds": round(timing.once(lambda: work.fill(int(deals))), 1)}


def pages_of_work() -> dict[str, Any]:
    """The seller's pages: the board, and moving a deal on it."""
    return work.measure(_browser(_user()), _page)


def rfm() -> dict[str, Any]:
    """Scoring the whole base by cut points, as of today, over all time."""
    params = Params()
    as_of = Company.current().business_date()

    def score() -> None:
        with measured(as_of, params) as base:
            summarise(base, params)

    return {"rfm": timing.timed(score, runs=5, warm_up=1)}


def api() -> dict[str, Any]:
    """50 clients from the API against a bare JsonResponse with the same query and sign-in."""
    with override_settings(ROOT_URLCONF="orbita.bench.urls"):
        browser = _api_browser()
        ours, baseline = _page(browser, "/api/v1/clients?limit=50"), _page(browser, "/bare")
        return {"ratio": timing.paired(ours, baseline)}


def imports(rows: str) -> dict[str, Any]:
    """A workbook of clients brought in by the command, into an empty base."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clients.xlsx"
        service.write_workbook(path, int(rows))
        return {"import": service.import_file(path, dict(os.environ))}


def beside_import(rows: str) -> dict[str, Any]:
    """Saving a card, request by request, while an import runs in another process."""
    browser = _api_browser()
    card = Client.objects.order_by("pk").first()
    url = f"/api/v1/clients/{card.pk if card else 1}"
    taken: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clients.xlsx"
        service.write_workbook(path, int(rows))
        process = service.start_import(path, dict(os.environ))
        while process.poll() is None:
            body = json.dumps({"occupation": f"врач {len(taken)}"})
            save = partial(browser.patch, url, body, content_type="application/json")
            taken.append(timing.once(save))
            time.sleep(0.05)
    return {
        "saving a card": {
            "saved": len(taken),
            "p50_ms": round(median(taken) * 1000, 1),
            "p95_ms": round(quantiles(taken, n=20)[-1] * 1000, 1),
        }
    }


def idle() -> dict[str, Any]:
    """Memory of the service with nobody at work."""
    return dict(service.idle_memory(dict(os.environ)))


def main() -> None:
    name, *arguments = sys.argv[1:]
    measures: dict[str, Callable[..., dict[str, Any]]] = {
        "prepare": prepare,
        "pages": pages,
        "rfm": rfm,
        "api": api,
        "imports": imports,
        "beside_import": beside_import,
        "idle": idle,
        "prepare_search": prepare_search,
        "prepare_work": prepare_work,
        "work": pages_of_work,
        "search": search.measure,
        "sets_of_duplicates": duplicates.measure_sets,
        "scan_for_duplicates": duplicates.scan,
    }
    started = time.perf_counter()
    result = measures[name](*arguments)
    result["took_s"] = round(time.perf_counter() - started, 1)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
