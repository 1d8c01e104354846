from typing import cast

from django.http import HttpRequest
from ninja.errors import Throttled
from ninja.security import HttpBearer
from ninja.throttling import AuthRateThrottle

from orbita.accounts.actions import record_kept_out, user_of_token
from orbita.accounts.addresses import kept_out_words, may_work_from
from orbita.accounts.models import User
from orbita.accounts.policy import Denied
from orbita.core.limits import Limit, network_of
from orbita.core.middleware import client_address

# A program with an old token tries on for a while; whoever guesses tries for ever.
WRONG_TOKENS = Limit("wrong tokens", most=60, seconds=60)


class TokenAuth(HttpBearer):
    """A token acts as its user, narrowed to its scopes, under the same policy as the pages."""

    openapi_description = "A token made on the profile page or by `orbita token create`."

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = user_of_token(token)
        if user is None and WRONG_TOKENS.wait(network_of(client_address(request))):
            raise Throttled(wait=WRONG_TOKENS.seconds)
        if user is not None:
            address = client_address(request)
            if not may_work_from(user, address):
                record_kept_out(user, address=address)
                raise Denied(kept_out_words(address))
            request.user = user
        return user


class PerUserThrottle(AuthRateThrottle):
    def get_cache_key(self, request: HttpRequest) -> str:
        return f"api-rate-{request.user.pk}"


def actor(request: HttpRequest) -> User:
    """Who asks: the user that `TokenAuth` put on the request before the operation ran."""
    return cast(User, request.user)
