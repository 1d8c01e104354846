"""Administrators are told while the log is broken or no backup is proved."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from orbita.accounts.actions import raise_alarms
from orbita.accounts.models import User
from orbita.core.events import emit
from orbita.core.models import Company, OutgoingMail
from orbita.core.seals import seal_all, state

pytestmark = pytest.mark.django_db


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
