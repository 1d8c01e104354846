"""Secrets at rest: sealed in the base, opened by the keys beside it, sealed anew under new ones."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from orbita.accounts.models import SecondFactor, User
from orbita.config import env
from orbita.core.sealed import SealBrokenError, Secret, sealed_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys(settings: Any, tmp_path: Path) -> Path:
    settings.ORBITA_SEAL_KEYS, settings.ORBITA_SEAL_KEYS_FILE = env.seal_keys(tmp_path)
    return tmp_path / "seal_keys"


def sealed_text() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM accounts_secondfactor")
        return str(cursor.fetchone()[0])


def test_the_file_of_keys_is_made_once_and_for_its_owner_alone(keys: Path, tmp_path: Path) -> None:
    assert keys.stat().st_mode & 0o777 == 0o600
    assert env.seal_keys(tmp_path)[0] == keys.read_text().split()


def test_a_secret_is_the_same_after_a_rotation_and_sealed_otherwise(
    keys: Path, alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    SecondFactor.objects.create(user=alice, secret=Secret("JBSWY3DPEHPK3PXP"))
    before, first = sealed_text(), keys.read_text()
    call_command("secrets", "rotate")
    assert "1 sealed" in capsys.readouterr().out
    assert SecondFactor.objects.get().secret.reveal() == "JBSWY3DPEHPK3PXP"
    after = sealed_text()
    assert Fernet(keys.read_text().split()[0]).decrypt(after.encode()) == b"JBSWY3DPEHPK3PXP"
    with pytest.raises(InvalidToken):
        Fernet(first).decrypt(after.encode())
    assert before != after
    call_command("secrets", "rotate")
    assert first not in keys.read_text().split()
    assert SecondFactor.objects.get().secret.reveal() == "JBSWY3DPEHPK3PXP"


def test_the_keys_of_another_base_open_nothing_and_say_so(keys: Path, alice: User) -> None:
    SecondFactor.objects.create(user=alice, secret=Secret("JBSWY3DPEHPK3PXP"))
    keys.write_text(Fernet.generate_key().decode())
    with pytest.raises(SealBrokenError, match="not the file of this base"):
        SecondFactor.objects.get()


def test_a_damaged_file_of_keys_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "seal_keys").write_text("not a key")
    with pytest.raises(ImproperlyConfigured, match="damaged"):
        env.seal_keys(tmp_path)


def test_every_column_of_secrets_is_known_to_the_rotation() -> None:
    assert (SecondFactor, "secret") in sealed_fields()
