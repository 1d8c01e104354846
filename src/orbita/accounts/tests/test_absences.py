"""Whoever is away names a deputy, who sees and works what is his on these days, and no longer."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from orbita.accounts import policy
from orbita.accounts.actions import end_absence, set_absence
from orbita.accounts.models import Absence, User
from orbita.accounts.policy import Denied
from orbita.core.models import Company, Event

pytestmark = pytest.mark.django_db


def today() -> date:
    return Company.current().business_date()


def away(user: User, deputy: User | None, days: int = 0, last: int = 7) -> Absence:
    first = today() + timedelta(days=days)
    return set_absence(
        actor=user,
        user=user,
        deputy=deputy,
        first_on=first,
        last_on=first + timedelta(days=last),
    )


def fresh(user: User) -> User:
    """As the next request reads him."""
    return User.objects.get(pk=user.pk)


def test_a_deputy_has_the_rights_on_the_days_of_the_absence_only(alice: User, bob: User) -> None:
    absence = away(alice, bob)
    assert policy.deputised_ids(fresh(bob)) == [alice.pk]
    end_absence(actor=alice, absence=absence)
    assert policy.deputised_ids(fresh(bob)) == []
    away(alice, bob, days=1)
    assert policy.deputised_ids(fresh(bob)) == []
    assert list(Event.objects.order_by("pk").values_list("kind", flat=True)) == [
        "absence.set",
        "absence.ended",
        "absence.set",
    ]


def test_one_gives_rights_away_within_the_own_team_only(
    alice: User, charlie: User, head: User
) -> None:
    with pytest.raises(ValidationError):
        away(alice, charlie)
    with pytest.raises(Denied):
        set_absence(actor=alice, user=charlie, deputy=None, first_on=today(), last_on=today())
    set_absence(actor=head, user=alice, deputy=charlie, first_on=today(), last_on=today())
    assert policy.deputised_ids(fresh(charlie)) == [alice.pk]
    with pytest.raises(Denied):
        end_absence(actor=charlie, absence=Absence.objects.get())


def test_wrong_days_and_wrong_deputies_are_refused(alice: User, bob: User) -> None:
    for deputy, days, last in ((alice, 0, 7), (bob, 0, -1), (bob, 0, 400)):
        with pytest.raises(ValidationError):
            away(alice, deputy, days, last)
    away(alice, bob)
    with pytest.raises(ValidationError):
        away(alice, None, days=7)
    away(alice, None, days=8)
