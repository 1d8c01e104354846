"""The forgiving search over a base of a stated size: how quick it is, and how often it finds.

The base is the labelled Russian set of 100 000 cards, brought in by the import, and invented cards
up to the size asked for, with tens of thousands of surnames and slips in some of them, so that words
are about as many and as alike as in a real base.
"""

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from django.db import connection, transaction

from orbita.accounts.actions import service_user
from orbita.bench.generate import CHUNK, FIRST, MIDDLE, city_of, insert, key, reset_sequences
from orbita.clients.models import Client, ClientFacts, ContactPoint, ExternalId
from orbita.clients.search import of_kinds, write_clients
from orbita.clients.tokens import name_words, place_words
from orbita.devtools import loudly
from orbita.ui.menu import found_by

SEED = 20240602
SURNAMES = 40_000
SLIPS = 0.06
SET = "ru_dev_100000"
HITS = 10
_SYLLABLES = [one + two for one in "бвгджзклмнпрстфхчш" for two in "аеиоуыя"]
_ENDINGS = ("ов", "ова", "ев", "ева", "ин", "ина", "ский", "ская", "енко", "ук", "ян")
_LETTERS = "абвгдежзиклмнопрстуфхцчшыюя"


def data_folder() -> Path | None:
    """Where the labelled set lies; None, after a loud line, when there is none."""
    folder = Path(os.environ.get("ORBITA_TEST_DATA", ""), "er")
    if not (folder / f"{SET}.csv.gz").exists():
        loudly(f"BENCH OF THE SEARCH SKIPPED: ORBITA_TEST_DATA has no er/{SET}.csv.gz")
        return None
    return folder


def fill(clients: int) -> None:
    """Brings in the labelled set, then invented cards until there are `clients` of them."""
    folder = data_folder()
    if folder is None:
        return
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / f"{SET}.csv"
        path.write_bytes(gzip.decompress((folder / f"{SET}.csv.gz").read_bytes()))
        command = [sys.executable, "-m", "orbita", "import", str(path), "--kind", "clients"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    chance = random.Random(SEED)
    surnames = [_surname(chance) for _ in range(SURNAMES)]
    first = (Client.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    for start in range(first, clients + 1, CHUNK):
        with transaction.atomic():
            _load(range(start, min(start + CHUNK, clients + 1)), chance, surnames)
    reset_sequences()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _load(numbers: range, chance: random.Random, surnames: Sequence[str]) -> None:
    people, contacts, outside, facts = [], [], [], []
    words: dict[int, list[tuple[int, str]]] = {}
    for number in numbers:
        # Squaring the draw makes a few surnames frequent and most of them rare.
        last = surnames[int(len(surnames) * chance.random() ** 2)]
        if chance.random() < SLIPS:
            last = _with_a_slip(last, chance)
        first, middle = chance.choice(FIRST), chance.choice(MIDDLE)
        name, city = f"{last} {first} {middle}", city_of(number)
        phone, email = f"+79{chance.randrange(10**9):09d}", f"c{number}@mail.example"
        added = datetime(2023, 6, 1) + timedelta(minutes=number % 1_500_000)
        people.append((number, name, key(name), last, first, middle, city, added))
        contacts += [
            (number, "phone", phone, phone, True),
            (number, "email", email, email, True),
        ]
        outside.append((number, f"B{number}"))
        facts.append((number, key(city)))
        words[number] = of_kinds(name_words(name), place_words([city]))
    columns = "id name name_key last_name first_name middle_name city created_at"
    insert(Client, columns, people)
    insert(ContactPoint, "client_id kind value key is_main", contacts)
    insert(ExternalId, "client_id value", outside)
    insert(ClientFacts, "client_id city_key", facts)
    write_clients(words)


def _surname(chance: random.Random) -> str:
    stem = "".join(chance.choice(_SYLLABLES) for _ in range(chance.choice((1, 2, 2, 3))))
    return (stem + chance.choice("бвгкмнрст") + chance.choice(_ENDINGS)).capitalize()


def _with_a_slip(word: str, chance: random.Random) -> str:
    at, kind = chance.randrange(1, len(word) - 1), chance.randrange(4)
    head, letter, tail = word[:at], word[at], word[at + 1 :]
    if kind == 0:
        return head + chance.choice(_LETTERS) + tail
    if kind == 1:
        return head + tail
    if kind == 2:
        return head + tail[:1] + letter + tail[1:]
    return head + chance.choice(_LETTERS) + letter + tail


def measure() -> dict[str, Any]:
    """p50 and p95 in milliseconds and hit@10 of the labelled queries, by their kind and in all."""
    folder = data_folder()
    if folder is None:
        return {}
    queries = json.loads((folder / f"{SET}.queries.json").read_text(encoding="utf-8"))
    actor = service_user()
    for query in queries:  # warm
        found_by(actor, query["q"], HITS)
    taken: dict[str, list[float]] = defaultdict(list)
    hits: dict[str, list[bool]] = defaultdict(list)
    for query in queries:
        started = time.perf_counter()
        found = found_by(actor, query["q"], HITS)
        milliseconds = (time.perf_counter() - started) * 1000
        clients = [hit for _provider, some in found for hit in some if hit.kind == "client"]
        wanted = {str(number) for number in query["target"]}
        for kind in (query["type"], "all"):
            taken[kind].append(milliseconds)
            hits[kind].append(any(hit.external_id in wanted for hit in clients[:HITS]))
    return {
        kind: {
            "p50_ms": round(median(times), 1),
            "p95_ms": round(quantiles(times, n=20)[-1], 1),
            "hit10": round(sum(hits[kind]) / len(times), 3),
            "queries": len(times),
        }
        for kind, times in taken.items()
    }
