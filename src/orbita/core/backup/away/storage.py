"""The S3 storage of the settings ORBITA_S3_…: AWS itself or any server that speaks as it does.

What a server answers is believed in nothing but the bytes that were compared: names that no backup
has are passed over, and a file is read no further than it said.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import obstore
from django.conf import settings
from obstore import exceptions
from obstore.store import S3Store

from orbita.core.backup import BackupError
from orbita.core.sentences import Sentence
from orbita.core.sentences import Sentence as _

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Credential

PART = 8 << 20  # bytes; S3 takes no parts below 5 MiB but the last
MOST_PARTS = 9000  # S3 takes 10,000
AT_ONCE = 3  # parts on their way, so many are in memory
NAME = re.compile(r"orbita-(\d{8}-\d{6})\.tar(\.age)?")
# What AWS and others call a key that is wrong or may not do this.
_REFUSALS = {
    "AccessDenied",
    "AllAccessDisabled",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
_REFUSED = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
_TAGS = re.compile(r"<(Code|Message)>([^<]{1,200})</")


@dataclass(frozen=True)
class Entry:
    """What a storage says of one file. `made_at` is what its name says."""

    name: str
    size: int
    made_at: datetime
    encrypted: bool


class Storage:
    """One place for backups: a bucket and a prefix in it. All methods raise `BackupError`."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        parts = (given["endpoint"], given["bucket"], given["prefix"])
        self.place = "/".join(part for part in parts if part)

    @cached_property
    def _store(self) -> S3Store:
        given, bucket, endpoint = self._given, self._given["bucket"], self._given["endpoint"]
        virtual = given["addressing"] == "virtual"
        if virtual:
            parts = urlsplit(endpoint)
            endpoint = urlunsplit(parts._replace(netloc=f"{bucket}.{parts.netloc}"))
        client: ClientConfig = {
            "allow_http": endpoint.startswith("http:"),
            "connect_timeout": timedelta(seconds=10),
            "read_timeout": timedelta(seconds=60),
            "timeout": timedelta(minutes=10),
        }
        if given["ca"]:
            client["root_certificate"] = given["ca"]
        # The library also reads AWS_… of the environment, which may be there for other programs: what
        # could turn a request elsewhere or sign it otherwise is said here.
        return S3Store(
            bucket,
            prefix=given["prefix"] or None,
            endpoint=endpoint,
            aws_endpoint_url_s3=endpoint,
            region=given["region"],
            virtual_hosted_style_request=virtual,
            skip_signature=False,
            # One request per file: not every server knows the other way.
            disable_bulk_delete=True,
            s3_express=False,
            credential_provider=self._key,
            client_options=client,
            retry_config={"max_retries": 3, "retry_timeout": timedelta(minutes=2)},
        )

    def _key(self) -> "S3Credential":
        return {
            "access_key_id": self._given["key_id"],
            "secret_access_key": self._given["secret"],
            "token": None,
            "expires_at": None,
        }

    def put(self, name: str, blocks: Iterator[bytes], size: int) -> None:
        """Uploads in parts; the file is there whole or not at all. What `blocks` raises, this raises."""
        with self._in_words():
            obstore.put(
                self._store,
                name,
                blocks,
                use_multipart=True,
                chunk_size=max(PART, -(-size // MOST_PARTS)),
                max_concurrency=AT_ONCE,
            )

    def size_of(self, name: str) -> int | None:
        """How many bytes a backup has there; None when there is none."""
        # Listed rather than asked for itself: the answer to HEAD has no room for why it is a refusal.
        return next((entry.size for entry in self.entries() if entry.name == name), None)

    def read(self, name: str, size: int) -> Iterator[bytes]:
        """The first `size` bytes of a file, part by part. Raises `BackupError` when it has fewer."""
        for start in range(0, size, PART):
            length = min(PART, size - start)
            with self._in_words():
                block = bytes(obstore.get_range(self._store, name, start=start, length=length))
            if len(block) != length:
                raise BackupError(_("The file in the storage is cut short."))
            yield block

    def entries(self) -> list[Entry]:
        """Every backup there, the newest first; other files are passed over."""
        with self._in_words():
            listed = obstore.list_with_delimiter(self._store)["objects"]
        found = []
        for one in listed:
            name = one["path"].rpartition("/")[2]
            if (match := NAME.fullmatch(name)) and (moment := _moment(match[1])):
                found.append(Entry(name, int(one["size"]), moment, bool(match[2])))
        return sorted(found, key=lambda entry: entry.made_at, reverse=True)

    def remove(self, name: str) -> None:
        with self._in_words():
            try:
                obstore.delete(self._store, [name])
            except FileNotFoundError:
                return

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Turns what the library says, many lines each time, into a `BackupError`."""
        try:
            yield
        except BackupError:
            raise
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise BackupError(self._explained(error)) from error

    def _explained(self, error: Exception) -> Sentence:
        told = dict(_TAGS.findall(str(error)))
        code = told.get("Code", "")
        cause = ": ".join(told[name] for name in ("Code", "Message") if name in told)
        if code == "NoSuchBucket":
            return _("The storage has no bucket %(name)s.") % {"name": self._given["bucket"]}
        if code in _REFUSALS or isinstance(error, _REFUSED):
            return _("The storage refuses the key: %(cause)s") % {"cause": cause or "403"}
        if isinstance(error, FileNotFoundError):
            return _("The file is not in the storage any more.")
        if not code and "HTTP error" in str(error):
            return _("The storage does not answer: %(place)s") % {"place": self._given["endpoint"]}
        first = (str(error).splitlines() or [""])[0]
        return _("The storage does not do it: %(cause)s") % {"cause": cause or first[:300]}


def current() -> Storage | None:
    """The storage of the settings; None when there is none."""
    return Storage(settings.ORBITA_S3) if settings.ORBITA_S3 else None


def required() -> Storage:
    """The storage of the settings. Raises `BackupError` without one."""
    if found := current():
        return found
    raise BackupError(_("No storage is set: see ORBITA_S3_BUCKET."))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
