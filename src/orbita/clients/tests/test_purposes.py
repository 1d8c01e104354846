"""The register of purposes of processing: ready rows in both languages, changes on record, the document."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.urls import reverse
from django.utils import translation

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.models import ProcessingPurpose
from orbita.clients.privacy.purposes.actions import (
    NEEDED,
    TEXTS,
    add_ready,
    archive_purpose,
    save_purpose,
)
from orbita.clients.privacy.purposes.ready import ready_rows
from orbita.core.events import payload_of
from orbita.core.models import Event

pytestmark = pytest.mark.django_db
ROW = dict.fromkeys(NEEDED, "Продажа")


def test_ready_rows_say_all_that_the_register_asks_in_both_languages() -> None:
    told = {}
    for language in ("ru", "en"):
        with translation.override(language):
            told[language] = ready_rows()
    assert len(told["ru"]) == len(told["en"]) == 6
    for row in (*told["ru"], *told["en"]):
        assert all(row[name] for name in ("name", *TEXTS))
    for russian, english in zip(told["ru"], told["en"], strict=True):
        assert all(russian[name] != english[name] for name in ("name", *TEXTS))


def test_ready_rows_are_added_once(admin: User) -> None:
    assert add_ready(actor=admin) == 6
    assert add_ready(actor=admin) == 0
    assert list(ProcessingPurpose.objects.values_list("position", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_a_change_is_on_record_with_old_and_new(admin: User) -> None:
    row = save_purpose(actor=admin, values=ROW)
    save_purpose(actor=admin, values=ROW | {"term": "Три года"}, purpose=row)
    save_purpose(actor=admin, values=ROW | {"term": "Три года"}, purpose=row)
    events = Event.objects.filter(kind="purpose.saved").order_by("pk")
    assert events.count() == 2
    told = payload_of(events[1])
    assert (told["before"], told["after"]) == ({"term": "Продажа"}, {"term": "Три года"})


@pytest.mark.parametrize("name", NEEDED)
def test_a_row_without_what_the_law_asks_is_refused(admin: User, name: str) -> None:
    with pytest.raises(ValidationError):
        save_purpose(actor=admin, values=ROW | {name: " "})


def test_a_row_taken_out_is_not_in_the_document_and_comes_back(admin: User) -> None:
    row = save_purpose(actor=admin, values=ROW | {"name": "Розыгрыш <b>призов</b>"})
    browser = Browser()
    browser.force_login(admin)
    answer = browser.get(reverse("clients:purposes-document"))
    assert "attachment" in answer["Content-Disposition"]
    assert "Розыгрыш &lt;b&gt;" in answer.content.decode()
    assert archive_purpose(actor=admin, purpose=row)
    assert not archive_purpose(actor=admin, purpose=row)
    assert "Розыгрыш" not in browser.get(reverse("clients:purposes-document")).content.decode()
    assert archive_purpose(actor=admin, purpose=row, archived=False)
    assert "Розыгрыш" in browser.get(reverse("clients:purposes")).content.decode()


def test_without_the_right_nobody_writes(alice: User) -> None:
    with pytest.raises(Denied):
        save_purpose(actor=alice, values=ROW)
    with pytest.raises(Denied):
        add_ready(actor=alice)
