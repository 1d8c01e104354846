"""The numbers and choices of the rules of work. Nothing here reads the base."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

OFF, TURN, LOAD, REGION, SEGMENT = "off", "turn", "load", "region", "segment"
MODES: Mapping[str, str | Promise] = {
    OFF: gettext_lazy("not given out: they stay in the free pool"),
    TURN: gettext_lazy("by turn"),
    LOAD: gettext_lazy("to whoever has the fewest clients"),
    REGION: gettext_lazy("by region, the rest by load"),
    SEGMENT: gettext_lazy("by segment, the rest by load"),
}
ORDER, CONTACT = "order", "contact"
RESULTS: Mapping[str, str | Promise] = {
    ORDER: gettext_lazy("an order"),
    CONTACT: gettext_lazy("an order or a talk"),
}
ANY = "any"
CHANNELS: Mapping[str, str | Promise] = {
    ANY: gettext_lazy("by any means"),
    "phone": gettext_lazy("by phone"),
    "email": gettext_lazy("by e-mail"),
    "messenger": pgettext_lazy("channel", "in messengers and by SMS"),
}


@dataclass(frozen=True)
class Rules:
    """`members` are users who get clients, `regions` and `segments` pairs of what and to whom.

    `most` is the limit of clients of one person; `result_days` how long one works a client without
    a result, `warn_days` how long after the warning he is released; `cadence` channel → days between
    contacts. None and absent mean that there is no such rule.
    """

    mode: str = OFF
    members: tuple[int, ...] = ()
    regions: tuple[tuple[str, int], ...] = ()
    segments: tuple[tuple[int, int], ...] = ()
    most: int | None = None
    result: str = ORDER
    result_days: int | None = None
    warn_days: int = 7
    cadence: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Rules":
        known = {one.name for one in fields(cls)}
        given = {name: value for name, value in data.items() if name in known}
        for name in ("members", "regions", "segments"):
            if name in given:
                given[name] = tuple(
                    tuple(one) if isinstance(one, list) else one for one in given[name]
                )
        return cls(**given)

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "members": list(self.members),
            "regions": [list(pair) for pair in self.regions],
            "segments": [list(pair) for pair in self.segments],
        }

    @property
    def gives(self) -> bool:
        return self.mode != OFF and bool(self.members or self.regions or self.segments)


def channel_of(name: str) -> str:
    """The channel of the rules for a kind of note, contact or sending."""
    return {
        "phone": "phone",
        "call": "phone",
        "email": "email",
        "letter": "email",
        "sms": "messenger",
        "telegram": "messenger",
        "whatsapp": "messenger",
        "vk": "messenger",
        "max": "messenger",
        "messenger": "messenger",
    }.get(name, ANY)
