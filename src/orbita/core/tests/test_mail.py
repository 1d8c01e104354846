"""Letters over a real SMTP server; their senders are really killed."""

import json
import random
import time
from collections import Counter
from email import message_from_bytes, policy
from typing import Any

import pytest

from orbita.core.tests.place import Place, kill, wait_for

pytestmark = pytest.mark.server


def start_sink(place: Place, step: str = "", **answers: str) -> dict[str, str]:
    """Settings that lead letters to a fresh sink."""
    (place.folder / "port").unlink(missing_ok=True)
    (place.folder / "answers").write_text(json.dumps(answers))
    place.start("-m", "orbita.core.tests.sink", str(place.folder), step)
    wait_for((place.folder / "port").exists)
    port = (place.folder / "port").read_text()
    return {
        "ORBITA_SMTP_URL": f"smtp://127.0.0.1:{port}?tls=none",
        "ORBITA_MAIL_FROM": "Orbita <orbita@example.org>",
    }


RUSSIAN = "Здравствуйте!\n.точка в начале\n" + "ж" * 2000


def queue(place: Place, count: int = 1, text: str = RUSSIAN, **settings: str) -> None:
    place.environment |= settings
    place.run(
        "from orbita.core.mail import queue_mail\n"
        f"for number in range({count}):\n"
        "    queue_mail(key=f'letter:{number}', to=f'person{number}@example.org',\n"
        f"        subject='Приглашение', text={text!r})"
    )


def letters(place: Place) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = place.run(
        "from orbita.core.models import OutgoingMail\n"
        "answer = list(OutgoingMail.objects.order_by('pk').values())"
    )
    return found


def arrived(place: Place) -> Counter[str]:
    path = place.folder / "letters"
    return Counter(path.read_text().split() if path.exists() else [])


def settled(place: Place) -> list[dict[str, Any]]:
    """The letters when none of them is on its way any more."""

    def look() -> list[dict[str, Any]]:
        rows = letters(place)
        return rows if all(row["status"] in ("sent", "failed", "doubt") for row in rows) else []

    return list(wait_for(look))


def hurry(place: Place) -> None:
    """Makes retries due now, as if the time of their backoff had passed."""
    place.run(
        "from django.utils import timezone\n"
        "from orbita.core.models import Job\n"
        "Job.objects.filter(status='queued').update(run_after=timezone.now())"
    )


@pytest.mark.parametrize(
    "step", ["connect", "EHLO", "MAIL", "RCPT", "DATA", "dropped", "dot", "QUIT"]
)
def test_a_letter_whose_sender_is_killed_arrives_once_or_is_shown_in_doubt(
    place: Place, step: str
) -> None:
    queue(place, 1, **start_sink(place, step))
    victim = place.worker()
    (place.folder / "victim").write_text(str(victim.pid))
    wait_for((place.folder / "struck").exists)
    victim.wait()
    before = letters(place)[0]["status"]
    place.worker()
    end = time.monotonic() + 60
    while (row := letters(place)[0])["status"] not in ("sent", "doubt", "failed"):
        assert time.monotonic() < end, row
        hurry(place)
        time.sleep(0.3)
    in_doubt = step in ("dropped", "dot")
    assert before == ("handing" if in_doubt else "sent" if step == "QUIT" else "sending")
    assert row["status"] == ("doubt" if in_doubt else "sent")
    assert arrived(place) == ({} if step == "dropped" else {row["message_id"]: 1})


def test_letters_survive_senders_killed_at_any_moment(place: Place) -> None:
    queue(place, 12, **start_sink(place))
    chance = random.Random(7)
    for _round in range(4):
        worker = place.worker()
        time.sleep(chance.uniform(0.9, 1.6))
        kill(worker)
    place.worker()
    end = time.monotonic() + 90
    while any(row["status"] in ("queued", "sending", "handing") for row in letters(place)):
        assert time.monotonic() < end
        hurry(place)
        time.sleep(0.5)
    rows, inbox = letters(place), arrived(place)
    assert all(count == 1 for count in inbox.values())
    for row in rows:
        assert row["status"] in ("sent", "doubt")
        assert row["status"] == "doubt" or inbox[row["message_id"]] == 1


@pytest.mark.parametrize("text", [RUSSIAN, "Hello\n.\n..dots\nand the end"])
def test_a_letter_reads_as_it_was_written(place: Place, text: str) -> None:
    queue(place, 1, text, **start_sink(place))
    place.worker()
    row = settled(place)[0]
    raw = (place.folder / "last").read_bytes()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    letter = message_from_bytes(raw, policy=policy.default)
    assert (letter["Subject"], letter["To"]) == ("Приглашение", "person0@example.org")
    assert letter["Message-ID"] == row["message_id"]
    content: str = letter.get_content()
    assert content.replace("\r\n", "\n") == text + "\n"


def test_a_letter_the_server_will_never_take_fails_with_what_it_said(place: Place) -> None:
    queue(place, 1, **start_sink(place, RCPT="550 5.1.1 no such person here"))
    place.worker()
    row = settled(place)[0]
    assert (row["status"], row["attempts"]) == ("failed", 1)
    assert "no such person here" in row["error"]


def test_a_letter_refused_after_its_content_fails_without_doubt(place: Place) -> None:
    queue(place, 1, **start_sink(place, dot="554 5.7.1 looks like spam"))
    place.worker()
    row = settled(place)[0]
    assert (row["status"], row["error"]) == ("failed", "554 5.7.1 looks like spam")


def test_a_letter_refused_for_now_is_tried_again_later(place: Place) -> None:
    queue(place, 1, **start_sink(place, RCPT="451 4.7.1 come back later"))
    place.worker()
    wait_for(lambda: "come back later" in letters(place)[0]["error"])
    row = letters(place)[0]
    assert row["status"] == "queued"
    waits = place.run(
        "from orbita.core.models import Job\n"
        "job = Job.objects.get(task__contains='deliver_mail')\n"
        "answer = [job.status, (job.run_after - job.started_at).total_seconds()]"
    )
    assert waits[0] == "queued"
    assert waits[1] > 5
    (place.folder / "answers").write_text("{}")
    hurry(place)
    assert settled(place)[0]["status"] == "sent"


def test_letters_wait_for_a_mail_server_and_say_so(place: Place) -> None:
    queue(place)
    worker = place.worker()
    done = "from orbita.core.models import Job\nanswer = Job.objects.get(task__contains='deliver_mail').status"
    wait_for(lambda: place.run(done) == "done")
    row = letters(place)[0]
    assert (row["status"], row["attempts"]) == ("queued", 0)
    assert "ORBITA_SMTP_URL" in row["error"]
    kill(worker)
    place.environment |= start_sink(place)
    place.run("from orbita.core.mail import wake_waiting_mail\nwake_waiting_mail.func()")
    place.worker()
    assert settled(place)[0]["status"] == "sent"
