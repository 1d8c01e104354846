from django.http import HttpRequest
from ninja import Router, Schema

from orbita.accounts import policy
from orbita.api.auth import actor
from orbita.api.problems import COMMON

router = Router(tags=["me"])


class Me(Schema):
    id: int
    email: str
    name: str
    role: str
    language: str
    time_zone: str
    permissions: dict[str, str]


@router.get("", response={200: Me, **COMMON}, summary="Whom the token acts as")
def me(request: HttpRequest) -> Me:
    """The user of the token and what he may: permission → none, own, team or all."""
    user = actor(request)
    return Me(
        id=user.pk,
        email=user.email,
        name=user.name,
        role=user.role.key or user.role.name,
        language=user.language,
        time_zone=user.time_zone,
        permissions={item.name: policy.level(user, item.name) for item in policy.PERMISSIONS},
    )
