"""Sign-in by another server in a real browser."""

import pytest

from orbita.accounts.tests.provider import Provider
from orbita.accounts.tests.test_single_sign_on import provider  # noqa: F401
from orbita.ui.testing import launch, serving, violations


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_real_browser_goes_there_and_back_under_the_policy_of_the_pages(
    provider: Provider,  # noqa: F811
    chromium: str,
) -> None:
    with serving() as base, launch(chromium) as browser:
        provider.client.redirect_uri = f"{base}/sign-in/outside/back/"
        page = browser.new_page(locale="en")
        said: list[str] = []
        page.on("console", lambda line: said.append(line.text))
        page.goto(f"{base}/sign-in/?next=/profile/")
        assert violations(page) == []
        page.click("text=Sign in with Keycloak")
        page.wait_for_url(f"{base}/profile/")
        assert page.inner_text("h1") == "Alice"
        assert said == []
