"""After an erasure nothing of the person is left: planted values are looked for in every byte."""

import gzip
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orbita.devtools.fixtures import Place

pytestmark = pytest.mark.server

PERSON = "Зюквазин Ерофей Пафнутьич"
PLANTED = {
    "name": ["Зюквазин", "Ерофей", "Пафнутьич"],
    "fields": [f"zqfield{n:02}x" for n in range(12)],
    "contacts": ["+79035550177", "zqmail@zqdomain.example", "zqhandle", "Zqlabelx"],
    "address": ["Zqcity", "Zqstreet 17", "190017"],
    "bank": ["Zqbankx", "40702810800000017711"],
    "numbers": ["ZQEXT-4417", "zqtagx", "zqsourcex"],
    "note": ["zqnotesecret"],
    "file": ["zqscan.pdf", "zqinsidethefile"],
    "own": ["zqownvalue"],
    "order": ["zqdeliverto", "zqordercomment", "zqcourier", "zqorderown"],
    "relations": ["zqplaceofwork", "zqbondnote"],
    "work": ["zqstopreason", "zqdeadreason"],
    "consent": ["zqproofx"],
    "request": ["zqrequestwords", "zqreplyto", "zqsteptext", "zqlettertext", "zqcorrected"],
    "import": ["zqimportcell"],
}
STAYS = "Соседов Павел Нилович"

PLANT = """
import json, sys
from datetime import timedelta
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from orbita.accounts.actions import service_user
from orbita.accounts.models import Role, User
from orbita.clients.actions import (
    add_note, create_client, create_segment, link_person, mark_not_same, relate, update_client)
from orbita.clients.contacts import read_contact
from orbita.clients.fields.actions import define_field
from orbita.clients.models import Client, Segment
from orbita.clients.privacy.consents import record_consent
from orbita.clients.privacy.own_page.links import make_link
from orbita.clients.privacy.requests.actions import receive, write_letter, write_step
from orbita.clients.privacy.requests.letters import Letter
from orbita.clients.quality.actions import mark_dead, mark_contact
from orbita.clients.work.stops import stop_contacting
from orbita.commerce.actions import create_order
from orbita.commerce.records import LineData, OrderData
from orbita.core.mail import queue_mail
from orbita.core.models import Company
from orbita.ui.models import SavedView
from django.db import transaction

Company.objects.get_or_create(name="Shop")
boss = User.objects.create_user("boss@example.org", name="Boss",
                                role=Role.objects.get(key="administrator"))
define_field(actor=boss, subject="client", kind="text", label="Passport", key="passport")
define_field(actor=boss, subject="order", kind="text", label="Gift for", key="gift")
PERSON, STAYS = sys.argv[1:3]
client = create_client(
    actor=boss,
    values={"name": "Прежненазванный Ерофей", "occupation": "zqfield00x", "position": "zqfield01x",
            "income_level": "zqfield02x", "family": "zqfield03x", "education": "zqfield04x",
            "hobbies": "zqfield05x", "interests": "zqfield06x", "payment_terms": "zqfield07x",
            "delivery_terms": "zqfield08x", "special_terms": "zqfield09x",
            "difficulties": "zqfield10x", "comment": "zqfield11x", "source": "zqsourcex",
            "own_passport": "zqownvalue"},
    contacts=[read_contact("phone", "8 903 555-01-77", label="Zqlabelx"),
              read_contact("email", "zqmail@zqdomain.example"),
              read_contact("messenger", "@zqhandle", service="telegram")],
    addresses=[{"city": "Zqcity", "text": "Zqstreet 17", "postcode": "190017"}],
    bank_accounts=[{"bank": "Zqbankx", "bik": "044525225", "account": "40702810800000017711"}],
    external_ids=[{"source": "file", "value": "ZQEXT-4417"}],
    tags=["zqtagx"],
)
update_client(actor=boss, client=client, values={"name": PERSON})
other = create_client(actor=boss, values={"name": STAYS, "comment": "stays"},
                      contacts=[read_contact("phone", "89045550277")])
firm = create_client(actor=boss, values={"name": "ООО Место", "kind": "company"})
link_person(actor=boss, company=firm, person=client, role="decides", position="zqplaceofwork")
relate(actor=boss, client=other, other=client, side="friend", note="zqbondnote")
twin = create_client(actor=boss, values={"name": "Двойников Иван"})
mark_not_same(actor=boss, clients=[client, twin])
add_note(actor=boss, client=client, text="zqnotesecret",
         files=[SimpleUploadedFile("zqscan.pdf", b"%PDF-1.4 zqinsidethefile")])
stop_contacting(actor=boss, client=client, reason="zqstopreason")
mark_dead(actor=boss, client=client, reason="zqdeadreason", look_again_on=None)
record_consent(actor=boss, client=client, purpose="advertising", channels=["email"], given=True,
               source="paper", proof="zqproofx")
create_order(actor=boss, data=OrderData(
    client_id=client.pk, lines=[LineData(name="Tea", price=1000000)], delivery="sent",
    delivery_method="zqcourier", delivery_address="zqdeliverto", comment="zqordercomment",
    own={"own_gift": "zqorderown"}))
asked = receive(actor=boss, kind="access", via="letter", received_on=timezone.localdate(),
                client=client, text="zqrequestwords " + PERSON, contact="zqreplyto@example.org",
                proposal={"city": "zqcorrected"})
write_step(actor=boss, request=asked, kind="identity", text="zqsteptext")
write_letter(actor=boss, request=asked,
             letter=Letter("received", "To " + PERSON, "zqlettertext", key="one"))
receive(actor=boss, kind="access", via="letter", received_on=timezone.localdate(),
        who=PERSON, contact="zqmail@zqdomain.example")
make_link(actor=boss, client=client)
rule = {"all": [{"fact": "name", "op": "contains", "value": PERSON}]}
create_segment(actor=boss, name="Для " + PERSON, rule=rule)
SavedView.objects.create(list_name="clients", owner=boss, name="one", text="zqmail@zqdomain.example")
with transaction.atomic():
    queue_mail(key="planted", to="boss@example.org", subject="Call", text="Call +7 903 555-01-77")
answer = client.pk
"""
ROWS = [
    "Код;ФИО;Телефон;E-mail;Примечание",
    f"ZQEXT-4417;{PERSON};8 (903) 555-01-77;zqmail@zqdomain.example;zqimportcell",
    f"77;{STAYS};89045550277;;stays",
    # Rejected: nothing of it is a name, a number or a contact of its own.
    f";;;;{PERSON} zqmail@zqdomain.example",
]


def python(place: Place, code: str, *words: str) -> Any:
    wrapped = f"import django; django.setup()\nanswer = None\n{code}\nimport json; print(json.dumps(answer))"
    done = subprocess.run(
        [sys.executable, "-c", wrapped, *words],
        env={**place.environment, "DJANGO_SETTINGS_MODULE": "orbita.config.settings"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def run(place: Place, *words: str) -> str:
    done = place.run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def planted() -> Iterator[str]:
    for values in PLANTED.values():
        yield from values
    yield "Прежненазванный"


def needles() -> dict[str, list[bytes]]:
    """Each planted value in the forms that bytes could have it in."""
    found = {}
    for value in planted():
        forms = {value.casefold().encode(), json.dumps(value.casefold())[1:-1].encode()}
        if digits := re.sub(r"\D", "", value):
            forms |= {digits.encode()} if len(digits) >= 10 else set()
        found[value] = sorted(forms)
    return found


def folded(content: bytes) -> bytes:
    """Bytes in lower case, as far as text: UTF-8, and JSON's escapes of Russian capitals."""
    text = content.decode("utf-8", "surrogateescape").lower()
    text = re.sub(r"\\u04([12])([0-9a-f])", _small, text)
    return text.encode("utf-8", "surrogateescape")


def _small(found: "re.Match[str]") -> str:
    code = int(found[1] + found[2], 16)
    code += 0x20 if 0x10 <= code <= 0x2F else 0
    return f"\\u04{code:02x}"


def left_in(content: bytes) -> list[str]:
    content = folded(content)
    return [value for value, forms in needles().items() if any(form in content for form in forms)]


def left_on_disk(folder: Path) -> dict[str, list[str]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (left := left_in(path.read_bytes())):
            found[str(path.relative_to(folder))] = left
    return found


def left_in_tables(place: Place) -> dict[str, list[str]]:
    """Every column of every table as text, and on PostgreSQL what it has sampled of them."""
    code = """
from django.db import connection
answer = {}
with connection.cursor() as cursor:
    for table in connection.introspection.table_names(cursor):
        cursor.execute(f'SELECT * FROM "{table}"')
        rows = cursor.fetchall()
        text = [bytes(v).hex() + bytes(v).decode("utf-8", "replace") if isinstance(v, (bytes, memoryview)) else str(v) for row in rows for v in row]
        answer[table] = "\\n".join(text)
    if connection.vendor == "postgresql":
        cursor.execute("SELECT histogram_bounds::text, most_common_vals::text FROM pg_stats WHERE schemaname = 'public'")
        answer["pg_stats"] = str(cursor.fetchall())
"""
    tables = python(place, code)
    return {name: left for name, text in tables.items() if (left := left_in(str(text).encode()))}


def unpacked(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member)
            content = file.read() if file else b""
            if member.name.endswith(".gz"):
                content = gzip.decompress(content)
            if member.name.endswith(".dump"):
                content = subprocess.run(
                    ["pg_restore", "-f", "-"], input=content, capture_output=True, check=True
                ).stdout
            yield member.name, content


@pytest.fixture
def planted_place(place: Place, tmp_path: Path) -> Place:
    """A base with the person planted wherever somebody can write, brought by a file as well."""
    run(place, "manage", "migrate", "-v0")
    python(place, PLANT, PERSON, STAYS)
    file = tmp_path / f"{PERSON}.csv"
    file.write_text("\n".join(ROWS), encoding="utf-8")
    run(place, "import", str(file))
    python(place, "from orbita.core import jobs; jobs.run_all()")
    return place


def test_what_was_planted_is_found_before(planted_place: Place) -> None:
    tables = left_in_tables(planted_place)
    seen = {value for left in tables.values() for value in left}
    files = left_on_disk(planted_place.data)
    seen |= {value for left in files.values() for value in left}
    assert sorted(set(planted()) - seen) == [], "the scan must see what was planted"


def test_no_byte_of_an_erased_person_is_left_anywhere(planted_place: Place, tmp_path: Path) -> None:
    place = planted_place
    told = run(place, "privacy", "erase", "ZQEXT-4417", "--reason", "He asked for it", "--yes")
    assert re.match(r"act \d+: \d+ rows deleted, \d+ emptied, \d files removed", told), told
    assert left_in_tables(place) == {}
    assert left_on_disk(place.data) == {}
    archive = tmp_path / "after.tar"
    run(place, "backup", str(archive))
    left = {name: found for name, content in unpacked(archive) if (found := left_in(content))}
    assert left == {}
    assert run(place, "audit", "verify").startswith(tuple("123456789"))
    assert place.ask("SELECT count(*) FROM clients_client") == 4
    assert place.ask("SELECT count(*) FROM commerce_order WHERE client_id IS NULL") == 1
    assert place.ask("SELECT total FROM commerce_order") == 10000


def test_a_restored_older_backup_erases_again(planted_place: Place, tmp_path: Path) -> None:
    place, archive = planted_place, tmp_path / "before.tar"
    run(place, "backup", str(archive))
    run(place, "privacy", "erase", "ZQEXT-4417", "--reason", "He asked for it", "--yes")
    told = run(place, "restore", str(archive), "--yes")
    assert "made again from the register of erasures, since the backup is older: 1" in told
    assert left_in_tables(place) == {}
    saved = place.data / "backups"
    kept = {path.name for path in saved.iterdir()}
    assert all(name.startswith("before-restore") for name in kept)
    assert left_on_disk(place.data) == {}
    assert place.ask("SELECT count(*) FROM clients_client") == 4
    again = place.ask("SELECT count(*) FROM clients_erasure WHERE first_erased_at IS NOT NULL")
    assert again == 1
    assert run(place, "audit", "verify")


def test_without_yes_only_what_would_go_is_said(planted_place: Place) -> None:
    done = planted_place.run("privacy", "erase", "ZQEXT-4417", "--reason", "He asked")
    assert done.returncode == 1
    assert "add --yes" in done.stderr
    assert "order: 1" in done.stdout
    assert planted_place.ask("SELECT count(*) FROM clients_client") == 5


def test_the_command_gives_the_copy_as_json_or_as_an_archive(
    planted_place: Place, tmp_path: Path
) -> None:
    told = json.loads(run(planted_place, "privacy", "export", "ZQEXT-4417"))
    text = json.dumps(told, ensure_ascii=False)
    lost = [value for value in planted() if value.casefold() not in text.casefold()]
    # What others wrote about him as a relative, and why he is held, are told; handles and labels too.
    assert lost == ["zqinsidethefile", "zqbondnote", "zqimportcell"]
    file = tmp_path / "copy.zip"
    assert str(file) in run(planted_place, "privacy", "export", "ZQEXT-4417", "--output", str(file))
    assert file.stat().st_size > 1000
    done = planted_place.run("privacy", "export", "nobody")
    assert done.returncode == 1
    assert "there is no client nobody" in done.stderr
