"""The way in for somebody who has shut himself out, for whoever owns the machine."""

from django.db import transaction

from orbita.accounts.actions.addresses import clear_networks
from orbita.accounts.actions.second_factor import take_factors_off
from orbita.accounts.actions.sessions import forgive_failures
from orbita.accounts.models import SecondFactor, User
from orbita.core.events import emit


def unlock(user: User, *, second_factor: bool = False, addresses: bool = False) -> list[str]:
    """Forgets wrong passwords; on demand takes codes and passkeys off and empties the list of addresses
    of the user's role. Works too when the sealed secrets cannot be opened. Returns what was done.
    """
    done = ["wrong passwords forgotten"]
    with transaction.atomic():
        forgive_failures(user)
        if second_factor:
            codes, passkeys = SecondFactor.objects.filter(user=user).count(), user.passkeys.count()
            take_factors_off(None, user)
            done.append(f"codes taken off: {codes}, passkeys taken off: {passkeys}")
        if addresses:
            emptied = clear_networks(user.role)
            done.append(
                "list of addresses emptied" if emptied else "there was no list of addresses"
            )
        emit(
            "user.unlocked",
            actor=None,
            subject_type="user",
            subject_id=user.pk,
            data={"second_factor": second_factor, "addresses": addresses},
        )
    return done
