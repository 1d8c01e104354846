"""From which addresses the people of a role may work: networks in CIDR notation, IPv4 and IPv6."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST = 200
_MAPPED = IPv6Network("::ffff:0:0/96")
Network = IPv4Network | IPv6Network


def read_networks(text: str) -> list[str]:
    """The networks of a text, one a word, in their usual notation. Raises `ValidationError`."""
    found: dict[str, None] = {}
    for word in text.replace(",", " ").replace(";", " ").split():
        try:
            network = _plain(ip_network(word, strict=False))
        except ValueError:
            raise ValidationError(
                _("“%(word)s” is no address and no network such as 192.0.2.0/24.")
                % {"word": word[:60]}
            ) from None
        found[str(network)] = None
    if len(found) > MOST:
        raise ValidationError(_("At most %(n)s networks.") % {"n": MOST})
    return list(found)


def is_inside(networks: Iterable[str], address: str | None) -> bool:
    """Whether the address is in one of the networks; without any networks every address is.

    An address that is not known is in none.
    """
    known = _networks(tuple(networks))
    if not known:
        return True
    if not address:
        return False
    given = ip_address(address)
    # One and the same visitor, whichever way the server's socket tells him.
    if isinstance(given, IPv6Address) and given.ipv4_mapped:
        given = given.ipv4_mapped
    return any(given in network for network in known)


def may_work_from(user: Any, address: str | None) -> bool:
    """Whether the user's role lets him work from this address."""
    return is_inside(user.role.networks, address)


def kept_out_words(address: str | None) -> str:
    """Why somebody is kept out, for himself."""
    return _("Your role works only from certain addresses; you are at %(address)s.") % {
        "address": address or _("an unknown address")
    }


@lru_cache(maxsize=256)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _plain(network: Network) -> Network:
    """IPv4 written as IPv6 is IPv4."""
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        inner = network.network_address.ipv4_mapped
        return IPv4Network(f"{inner}/{network.prefixlen - 96}")
    return network
