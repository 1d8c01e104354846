"""Reads the environment: the only place where Orbita looks at it."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from cryptography.fernet import Fernet, MultiFernet
from django.core.exceptions import ImproperlyConfigured

from orbita.core.private_files import made_once


def text(name: str, default: str = "") -> str:
    """The value of NAME, else the content of the file named in NAME_FILE, else the default."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    value = text(name).lower()
    if value in ("", "0", "1", "true", "false", "yes", "no", "on", "off"):
        return default if value == "" else value in ("1", "true", "yes", "on")
    raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}")


def number(name: str, default: int) -> int:
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from None


def words(name: str, default: str = "") -> list[str]:
    return text(name, default).replace(",", " ").split()


def data_dir() -> Path:
    """Where everything of this installation lives; made on first use, closed to other users."""
    path = Path(text("ORBITA_DATA", "data")).expanduser().resolve()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ImproperlyConfigured(f"ORBITA_DATA cannot be used: {error}") from error
    return path


def database(default: str) -> dj_database_url.DBConfig:
    """Django's settings for DATABASE_URL."""
    engines = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
    try:
        parsed = dj_database_url.parse(text("DATABASE_URL") or default)
    except ValueError:
        parsed = {}
    if parsed.get("ENGINE") not in engines or not parsed.get("NAME"):
        # Not the value itself: it holds a password.
        raise ImproperlyConfigured(
            "DATABASE_URL must be sqlite:///PATH or postgres://USER:PASSWORD@HOST:PORT/NAME"
        )
    return parsed


def secret_key(directory: Path) -> str:
    """The key from the environment, else the one kept in the data directory (made once, mode 600)."""
    given = text("ORBITA_SECRET_KEY")
    if given:
        return given
    path = directory / "secret_key"
    key = made_once(path, lambda: secrets.token_urlsafe(50))
    if len(key) < 40:
        raise ImproperlyConfigured(f"{path} is damaged: restore it from a backup or delete it")
    return key


def seal_keys(directory: Path) -> tuple[list[str], Path | None]:
    """The keys that secrets in the base are sealed under, the newest first: from the environment,
    else those of a file in the data directory (made once, mode 600), with that file.
    """
    given, path = words("ORBITA_SEAL_KEYS"), directory / "seal_keys"
    keys = given or made_once(path, lambda: Fernet.generate_key().decode()).split()
    try:
        MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        place = "ORBITA_SEAL_KEYS" if given else path
        raise ImproperlyConfigured(
            f"{place} is damaged: restore it from a backup, or the secrets in the base stay closed"
        ) from error
    return keys, None if given else path


def storage() -> dict[str, str]:
    """Where backups are sent besides, S3 or what speaks as it does; empty without ORBITA_S3_BUCKET."""
    bucket = text("ORBITA_S3_BUCKET")
    if not bucket:
        return {}
    region = text("ORBITA_S3_REGION", "us-east-1")
    endpoint = text("ORBITA_S3_ENDPOINT", f"https://s3.{region}.amazonaws.com").rstrip("/")
    parts = urlsplit(endpoint)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username:
        raise ImproperlyConfigured("ORBITA_S3_ENDPOINT must be https://HOST or http://HOST:PORT")
    given = {
        "endpoint": endpoint,
        "bucket": bucket,
        "prefix": text("ORBITA_S3_PREFIX").strip("/"),
        "region": region,
        "key_id": text("ORBITA_S3_KEY_ID"),
        "secret": text("ORBITA_S3_SECRET"),
        "addressing": text("ORBITA_S3_ADDRESSING", "path").lower(),
        "ca": text("ORBITA_S3_CA"),
    }
    if not given["key_id"] or not given["secret"]:
        raise ImproperlyConfigured("ORBITA_S3_BUCKET needs ORBITA_S3_KEY_ID and ORBITA_S3_SECRET")
    if given["addressing"] not in ("path", "virtual"):
        raise ImproperlyConfigured("ORBITA_S3_ADDRESSING must be path or virtual")
    return given
