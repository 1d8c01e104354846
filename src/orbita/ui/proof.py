"""Whether the pages answer: looked at in restored copies of the base."""

from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse

from orbita.core.backup import BackupError
from orbita.core.sentences import Sentence as _
from orbita.ui.menu import MENU, address


def pages_answer() -> int:
    """Opens every page of the menu as an administrator; the page of sign-in while there is none.

    Returns how many answered, and raises `BackupError` with the first that did not.
    """
    with transaction.atomic():
        try:
            return _answering()
        finally:
            # The copy may be on its way to become the base: nobody has signed in to it.
            transaction.set_rollback(True)


def _answering() -> int:
    # Every process of Orbita comes by here as it starts, and none but a proof needs it.
    from django.test import Client

    browser = Client(SERVER_NAME="localhost", raise_request_exception=False)
    users = get_user_model().objects.select_related("role").filter(is_active=True)
    administrator = next(
        (
            user
            for user in users.filter(is_service=False).order_by("pk")
            if user.role.is_administrator
        ),
        None,
    )
    pages = [reverse("accounts:sign-in")]
    if administrator is not None:
        # Nobody is here to type a code.
        type(administrator.role).objects.update(needs_second_factor=False)
        browser.force_login(administrator, backend="orbita.accounts.signin.EmailBackend")
        pages = [page for item in MENU if (page := address(item.url_name))]
    for page in pages:
        status = browser.get(page, follow=True).status_code
        if status != 200:
            raise BackupError(
                _("the page %(page)s answers %(status)s") % {"page": page, "status": status}
            )
    return len(pages)
