"""How often somebody may do something: counted in the memory of each web process, in whole windows."""

import threading
import time
from dataclasses import dataclass
from ipaddress import ip_address

# A flood from ever new addresses must not fill the memory; the counts of the oldest window go first.
MOST_COUNTED = 50_000
_counts: dict[tuple[str, int, str], int] = {}
_lock = threading.Lock()
clock = time.time


@dataclass(frozen=True)
class Limit:
    """At most so many times in so many seconds for one key."""

    name: str
    most: int
    seconds: int

    def wait(self, key: str) -> int:
        """Counts one more time; seconds to wait when that is too often, else 0."""
        now = clock()
        window = int(now // self.seconds)
        place = (self.name, window, key)
        with _lock:
            if place not in _counts and len(_counts) >= MOST_COUNTED:
                _make_room()
            _counts[place] = _counts.get(place, 0) + 1
            too_often = _counts[place] > self.most
        return max(1, int((window + 1) * self.seconds - now)) if too_often else 0


def _make_room() -> None:
    """Drops the half that was counted first."""
    for place in list(_counts)[: MOST_COUNTED // 2]:
        del _counts[place]


def forget() -> None:
    """Begins all counts anew."""
    with _lock:
        _counts.clear()


def network_of(address: str | None) -> str:
    """By what a visitor is counted: a network of 64 bits of IPv6 is one connection of one customer."""
    if not address:
        return ""
    given = ip_address(address.partition("%")[0])
    if given.version == 4:
        return str(given)
    mapped = given.ipv4_mapped
    return str(mapped) if mapped else given.exploded[:19]
