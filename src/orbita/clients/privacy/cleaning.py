"""What an erasure leaves to be done after its transaction: files, unread words, room in the base."""

import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from orbita.clients.models import Erasure, NotePosting, Posting, TextPosting, Word, WordKey
from orbita.clients.privacy import register
from orbita.clients.search.index import OWNER_BITS, SILENT, WORD_BITS, sound_of
from orbita.clients.search.spelling import hashes
from orbita.core.models import Event, Job

logger = logging.getLogger(__name__)
# What a clean copy of the base needs beside the base, with room to spare.
ROOM = 2.2
CHUNK = 500


def clean_up(files: Iterable[str]) -> None:
    """Removes the files of an erasure, the words of nobody, and gives the room of its rows back.

    May be run again after it was interrupted. Needs a connection outside of a transaction. Of several
    erasures that wait to be cleaned up, only the last writes the base anew.
    """
    began = timezone.now()
    register.write()
    _remove(files)
    if _waiting().exists():
        return
    forget_words()
    give_room_back()
    done = Erasure.objects.filter(status=Erasure.Status.DONE, cleaned_at=None)
    done.filter(erased_at__lte=began).update(cleaned_at=timezone.now())


def _remove(files: Iterable[str]) -> None:
    data = Path(settings.ORBITA_DATA).resolve()
    for name in files:
        file = Path(name).resolve()
        if file.is_relative_to(data):
            file.unlink(missing_ok=True)


def _waiting() -> QuerySet[Job]:
    from orbita.clients.privacy import jobs

    queued = Job.objects.filter(task=jobs.clean_up.module_path, status=Job.Status.QUEUED)
    return queued.order_by("pk")


def clean_up_waiting() -> int:
    """Does now, in this process, what the worker is to clean up; returns how many erasures that was.

    One that a worker has taken meanwhile is left to it.
    """
    count = 0
    for job in list(_waiting()):
        _remove(job.args[0])
        count += _waiting().filter(pk=job.pk).delete()[0]
    if count:
        clean_up([])
    return count


def forget_words() -> int:
    """Takes out of the index the words that nobody has any more, former names among them.

    Returns how many there were.
    """
    found = _words_of_nobody()
    count = 0
    for start in range(0, len(found), CHUNK):
        with transaction.atomic():
            if connection.vendor == "postgresql":
                # Waits for everybody who has looked a word up and is about to use it.
                with connection.cursor() as cursor:
                    cursor.execute("LOCK TABLE clients_word IN ACCESS EXCLUSIVE MODE")
            count += sum(_forget(word) for word in found[start : start + CHUNK])
    return count


def _words_of_nobody() -> list[int]:
    """Words without a posting; each is looked at once more before it goes."""
    used = " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {model._meta.db_table} p"  # noqa: S608
        f" WHERE p.id >= (CAST(w.id AS bigint) << {OWNER_BITS})"
        f" AND p.id < (CAST(w.id + 1 AS bigint) << {OWNER_BITS}))"
        for model in (Posting, TextPosting, NotePosting)
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT w.id FROM clients_word w WHERE {used} ORDER BY w.id")  # noqa: S608
        return [row[0] for row in cursor.fetchall()]


def _forget(word: int) -> int:
    first, last = word << OWNER_BITS, (word + 1) << OWNER_BITS
    for model in (Posting, TextPosting, NotePosting):
        if model._base_manager.filter(pk__gte=first, pk__lt=last).exists():
            return 0
    row = Word.objects.filter(pk=word).first()
    if row is None:
        return 0
    if row.kind not in SILENT:
        keys = [one << WORD_BITS | word for one in hashes(sound_of(row.kind, row.text))]
        WordKey.objects.filter(pk__in=keys).delete()
    row.delete()
    return 1


def give_room_back() -> bool:
    """Has the database forget what stood in the rows: False where there is no room to do that.

    SQLite overwrites deleted rows with zeros at once (secure_delete); the log of writes is emptied and
    the file written anew. PostgreSQL frees old rows for reuse and gathers its samples of values again;
    their bytes stay in its files until they are overwritten, or until `VACUUM FULL`.
    """
    if connection.in_atomic_block:
        raise RuntimeError("the room is given back outside of transactions")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in connection.introspection.table_names(cursor):
                if table.startswith(("core_", "clients_", "commerce_", "gateways_", "analytics_")):
                    cursor.execute(f"VACUUM (ANALYZE) {connection.ops.quote_name(table)}")
            return True
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.fetchall()
        path = Path(str(connection.settings_dict["NAME"]))
        if path.is_file() and shutil.disk_usage(path.parent).free < path.stat().st_size * ROOM:
            logger.warning("there is no room to write the base anew after an erasure")
            return False
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.fetchall()
    return True


def log_extract(erasure: Erasure) -> list[Event]:
    """The entries of the log about an erasure: they prove it together with the act."""
    return log_extract_of([erasure])


def log_extract_of(erasures: Iterable[Erasure]) -> list[Event]:
    """The same of several; one read."""
    numbers = [erasure.pk for erasure in erasures]
    rows = Event.objects.filter(subject_type="erasure", subject_id__in=numbers)
    return list(rows.select_related("payload").order_by("pk"))
