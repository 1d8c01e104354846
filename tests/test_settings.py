import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from orbita.config import env
from orbita.devtools.fixtures import Place


def test_the_secret_key_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    key = env.secret_key(tmp_path)
    assert len(key) >= 50
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert env.secret_key(tmp_path) == key


def test_a_damaged_secret_key_is_said_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ImproperlyConfigured, match="is damaged"):
        env.secret_key(tmp_path)


def test_a_given_secret_key_wins_and_none_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORBITA_SECRET_KEY", "given")
    assert env.secret_key(tmp_path) == "given"
    assert not (tmp_path / "secret_key").exists()


def test_a_secret_is_read_from_the_file_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("postgres://orbita:secret@db/orbita\n")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///ignored")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    parsed = env.database("sqlite:///default")
    assert (parsed["HOST"], parsed["PASSWORD"], parsed["NAME"]) == ("db", "secret", "orbita")


def test_the_storage_of_backups_is_read_whole_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert env.storage() == {}
    monkeypatch.setenv("ORBITA_S3_BUCKET", "backups")
    with pytest.raises(ImproperlyConfigured, match="needs ORBITA_S3_KEY_ID"):
        env.storage()
    (tmp_path / "secret").write_text("whisper\n")
    monkeypatch.setenv("ORBITA_S3_KEY_ID", "orbita")
    monkeypatch.setenv("ORBITA_S3_SECRET_FILE", str(tmp_path / "secret"))
    given = env.storage()
    assert (given["secret"], given["addressing"]) == ("whisper", "path")
    assert given["endpoint"] == "https://s3.us-east-1.amazonaws.com"
    monkeypatch.setenv("ORBITA_S3_PREFIX", "/orbita/main/")
    monkeypatch.setenv("ORBITA_S3_ENDPOINT", "http://10.1.0.5:9000/")
    given = env.storage()
    assert (given["prefix"], given["endpoint"]) == ("orbita/main", "http://10.1.0.5:9000")
    for wrong in ("ftp://host", "host:9000", "https://user:password@host", "https://"):
        monkeypatch.setenv("ORBITA_S3_ENDPOINT", wrong)
        with pytest.raises(ImproperlyConfigured, match="must be https"):
            env.storage()
    monkeypatch.setenv("ORBITA_S3_ENDPOINT", "https://s3.example.org")
    monkeypatch.setenv("ORBITA_S3_ADDRESSING", "odd")
    with pytest.raises(ImproperlyConfigured, match="path or virtual"):
        env.storage()


def test_the_data_directory_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORBITA_DATA", str(tmp_path / "a" / "b"))
    assert stat.S_IMODE(env.data_dir().stat().st_mode) == 0o700


@pytest.mark.no_database
def test_cookies_are_secure_and_the_host_is_known_under_https(place: Place) -> None:
    program = (
        "from django.conf import settings as s; print(s.SESSION_COOKIE_SECURE, "
        "s.CSRF_COOKIE_SECURE, s.ALLOWED_HOSTS[-1], s.CSRF_TRUSTED_ORIGINS, s.DEBUG)"
    )
    done = place.run(
        *("manage", "shell", "-v", "0", "-c", program), ORBITA_URL="https://crm.example.com/"
    )
    assert done.stdout.split("\n")[0] == (
        "True True crm.example.com ['https://crm.example.com'] False"
    )
