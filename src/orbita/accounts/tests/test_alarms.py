"""Administrators are told while the log is broken or no backup is proved."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from orbita.accounts.actions import raise_alarms
from orbita.accounts.models import User
from orbita.core.backup.away import copies
from orbita.core.events import emit
from orbita.core.models import BackupCopy, Company, OutgoingMail
from orbita.core.seals import seal_all, state
from orbita.core.sentences import Sentence, keep

pytestmark = pytest.mark.django_db
PLACE = "https://s3.example.org/b"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Any) -> None:
    settings.ORBITA_DATA = tmp_path


@pytest.fixture
def broken(admin: User) -> None:
    for _number in range(3):
        emit("company.changed", actor=admin, data={"after": {"name": "Север"}})
        seal_all()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_eventseal WHERE number = 2")
    assert not state.check_now().ok


def letters() -> list[OutgoingMail]:
    return list(OutgoingMail.objects.order_by("pk"))


def test_nobody_is_told_while_all_is_well(admin: User) -> None:
    state.check_now()
    raise_alarms()
    assert letters() == []


def test_a_broken_log_is_told_once_a_week_to_administrators_alone(
    admin: User, alice: User, broken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_alarms()
    raise_alarms()
    letter, *others = letters()
    assert (letter.to, others) == (admin.email, [])
    assert "2" in letter.text.split("\n")[1], "the place is named"
    today = Company.current().business_date()
    monkeypatch.setattr(Company, "business_date", lambda self: today + timedelta(days=7))
    raise_alarms()
    assert len(letters()) == 2


def test_the_letter_is_in_the_language_of_its_reader(admin: User, broken: None) -> None:
    User.objects.filter(pk=admin.pk).update(language="ru")
    raise_alarms()
    assert "Журнал" in letters()[0].subject


def test_a_broken_log_stands_over_every_page_of_those_who_may_see_to_it(
    admin: User, alice: User, broken: None
) -> None:
    said = {}
    for user in (admin, alice):
        browser = Browser()
        browser.force_login(user)
        said[user.pk] = "changed past Orbita" in browser.get("/clients/").content.decode()
    assert said == {admin.pk: True, alice.pk: False}


def test_an_old_backup_is_told_and_one_that_never_was_is_not(admin: User) -> None:
    raise_alarms()
    assert letters() == []
    company = Company.current()
    company.backed_up_at = timezone.now() - timedelta(hours=47)
    company.save()
    raise_alarms()
    assert letters() == []
    company.backed_up_at = timezone.now() - timedelta(hours=49)
    company.save()
    raise_alarms()
    raise_alarms()
    assert [letter.subject for letter in letters()] == ["No proved backup for two days"]


def stored(name: str, status: str, hours: int) -> BackupCopy:
    return BackupCopy.objects.create(
        place=PLACE,
        name=name,
        status=status,
        size=1,
        made_at=timezone.now() - timedelta(hours=hours),
    )


def test_a_backup_that_is_not_in_the_storage_is_told(admin: User, settings: Any) -> None:
    company = Company.current()
    company.backed_up_at = timezone.now()
    company.save()
    stored("old", "there", 30)
    copy = stored("new", "failed", 1)
    BackupCopy.objects.filter(pk=copy.pk).update(error=keep(Sentence("It was interrupted.")))
    raise_alarms()
    assert letters() == [], "there is no storage"
    settings.ORBITA_S3 = {"endpoint": "https://s3.example.org", "bucket": "b", "prefix": ""}
    raise_alarms()
    raise_alarms()
    (letter,) = letters()
    assert letter.subject == "The newest backup is not in the storage"
    assert "It was interrupted." in letter.text


def test_a_storage_that_got_nothing_for_two_days_is_told_everywhere(
    admin: User, alice: User, settings: Any
) -> None:
    settings.ORBITA_S3 = {"endpoint": "https://s3.example.org", "bucket": "b", "prefix": ""}
    company = Company.current()
    company.backed_up_at, company.stored_at = timezone.now(), timezone.now() - timedelta(hours=49)
    company.save()
    raise_alarms()
    assert [letter.subject for letter in letters()] == ["The newest backup is not in the storage"]
    for user, sees in ((admin, True), (alice, False)):
        browser = Browser()
        browser.force_login(user)
        page = browser.get(reverse("accounts:profile")).content.decode()
        assert ("backup in the storage was made" in page) is sees
    Company.objects.update(sending_paused_at=timezone.now())
    assert not copies.are_old(Company.objects.get()), "a restored copy sends nothing on purpose"
