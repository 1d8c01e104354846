import pytest
from django.core.exceptions import ValidationError

from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.clients.actions import create_client, link_person, unlink_person
from orbita.clients.models import Client, CompanyPerson
from orbita.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(alice: User) -> Client:
    return create_client(actor=alice, values={"name": "ООО Ромашка", "kind": "company"})


@pytest.fixture
def person(alice: User) -> Client:
    return create_client(actor=alice, values={"name": "Ахметова Гульнара"})


def test_a_link_is_told_on_both_cards(alice: User, company: Client, person: Client) -> None:
    link_person(
        actor=alice, company=company, person=person, role="decides", position=" управляющая "
    )
    link = CompanyPerson.objects.get()
    assert (link.role, link.position) == ("decides", "управляющая")
    told = Event.objects.filter(kind="client.changed").values_list("client_id", flat=True)
    assert set(told) == {company.pk, person.pk}


def test_linking_again_changes_the_role(alice: User, company: Client, person: Client) -> None:
    link_person(actor=alice, company=company, person=person, role="influences")
    link_person(actor=alice, company=company, person=person, role="decides")
    assert link_person(actor=alice, company=company, person=person, role="decides") is None
    assert CompanyPerson.objects.get().role == "decides"


def test_only_people_belong_to_companies(alice: User, company: Client, person: Client) -> None:
    for first, second in ((person, company), (company, company), (person, person)):
        with pytest.raises(ValidationError):
            link_person(actor=alice, company=first, person=second)
    with pytest.raises(ValidationError):
        link_person(actor=alice, company=company, person=person, role="rules")


def test_a_person_leaves_the_company(alice: User, company: Client, person: Client) -> None:
    link_person(actor=alice, company=company, person=person)
    assert unlink_person(actor=alice, company=company, person=person) is not None
    assert unlink_person(actor=alice, company=company, person=person) is None
    assert not CompanyPerson.objects.exists()


def test_strangers_change_no_company(charlie: User, company: Client, person: Client) -> None:
    with pytest.raises(Denied):
        link_person(actor=charlie, company=company, person=person)
    assert not CompanyPerson.objects.exists()
