"""The access table: what every address answers to whom. `tests/test_access.py` walks it.

Each room with addresses has `<room>/tests/access.py`:

    def prepare(world: World) -> None:
        world["client"] = create_client(actor=world.owner, ...)     # belongs to world.owner

    ROWS = [
        Row("clients:list", answers(200)),
        Row("clients:card", answers(200, stranger=404), kwargs=lambda w: {"pk": w["client"].pk}),
        Row("clients:edit", answers(302, viewer=403, teammate=403, stranger=404), method="POST",
            kwargs=lambda w: {"pk": w["client"].pk}, data=lambda w: {"name": "New"}),
    ]

Rooms are prepared lowest first, so a room may use what lower rooms put into the world. Every row
runs in a transaction of its own that is rolled back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orbita.accounts.models import Role, Team, User

# The owner of the record is a manager of the retail team; `token` is the owner's token with the
# scope `read` and acts on the API only. On the API everybody else holds a token with all scopes.
ACTORS = ("anonymous", "viewer", "owner", "teammate", "head", "stranger", "administrator")
API_ACTORS = (*ACTORS, "token")
TO_SIGN_IN = 302
Kwargs = Mapping[str, Any]


@dataclass
class World:
    """The people of the table and the records that rooms prepared, by name."""

    viewer: User
    owner: User
    teammate: User
    head: User
    stranger: User
    administrator: User
    records: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.records[name]

    def __setitem__(self, name: str, record: Any) -> None:
        self.records[name] = record

    def actor(self, name: str) -> User | None:
        """The user behind a column of the table; None for the anonymous one."""
        if name == "anonymous":
            return None
        user: User = getattr(self, "owner" if name == "token" else name)
        return user


def _nothing(world: World) -> Kwargs:
    return {}


@dataclass(frozen=True)
class Row:
    """One address (`namespace:name`) with a method: actor → status.

    `kwargs` are the parts of the address, `data` the form, or the JSON body on the API
    (`content_type` says otherwise), `query` what stands after "?", `headers` as in
    `{"HX-Request": "true"}`.
    """

    name: str
    answers: Mapping[str, int]
    method: str = "GET"
    kwargs: Callable[[World], Kwargs] = _nothing
    data: Callable[[World], Any] = _nothing
    query: Callable[[World], Kwargs] = _nothing
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


def answers(everybody: int, *, anonymous: int = TO_SIGN_IN, **others: int) -> dict[str, int]:
    """One status for everybody who signed in, and the exceptions: `answers(200, viewer=403)`."""
    return _filled(ACTORS, everybody, anonymous, others)


def api_answers(everybody: int, *, anonymous: int = 401, **others: int) -> dict[str, int]:
    """The same for an address of the API, where the read-only token has a column too."""
    return _filled(API_ACTORS, everybody, anonymous, others)


def only(*names: str, status: int = 200, otherwise: int = 403) -> dict[str, int]:
    """Open to these actors, closed to the others who signed in: `only("administrator")`."""
    return answers(otherwise, **dict.fromkeys(names, status))


def _filled(
    actors: tuple[str, ...], everybody: int, anonymous: int, others: Mapping[str, int]
) -> dict[str, int]:
    unknown = set(others) - set(actors)
    if unknown:
        raise LookupError(f"no such actors: {', '.join(sorted(unknown))}")
    return dict.fromkeys(actors, everybody) | {"anonymous": anonymous} | dict(others)


def make_world() -> World:
    """The seven actors; nobody of them has a password."""
    retail, wholesale = Team.objects.create(name="Retail"), Team.objects.create(name="Wholesale")

    def person(name: str, role: str, team: Team | None = None) -> User:
        return User.objects.create_user(
            f"{name.lower()}@example.org",
            name=name,
            role=Role.objects.get(key=role),
            team=team,
            language="en",
        )

    return World(
        viewer=person("Victor", "viewer"),
        owner=person("Alice", "manager", retail),
        teammate=person("Bob", "manager", retail),
        head=person("Helen", "head", retail),
        stranger=person("Charlie", "manager", wholesale),
        administrator=person("Ada", "administrator"),
    )
