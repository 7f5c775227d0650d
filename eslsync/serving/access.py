"""Access: the networks that a server accepts calls from, and those of its proxies."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from ..clock import Peer

if TYPE_CHECKING:
    import ipaddress

__all__ = ["LOOPBACK", "Access"]

#: Only this machine.
LOOPBACK = ("127.0.0.0/8", "::1/128")


class Access:
    """A list of networks (``"10.0.0.0/8"``) and hosts (``"10.1.2.3"``).

    Errors call it by its ``name``.
    """

    def __init__(self, allow: Iterable[str] = LOOPBACK, name: str = "allow") -> None:
        if isinstance(allow, str):
            raise TypeError(f"{name} must be a list of networks, such as [{allow!r}]")
        self.allow = tuple(allow)
        if not all(map(is_text, self.allow)):
            raise TypeError(
                f"{name} must be a list of texts, such as '10.0.0.0/8', not {list(self.allow)!r}"
            )
        for each in self.allow:
            try:
                if "%" in str(each):
                    raise ValueError(
                        f"{each!r}: leave out the scope; addresses are compared without"
                    )
                network(each)
            except ValueError as error:
                raise ValueError(
                    f"{name}: {error}; write a network (10.0.0.0/8) or a host (10.1.2.3)"
                ) from None

    def permits(self, peer: Peer) -> bool:
        """True if that peer's host is in one of the networks."""
        return is_in_one(peer[0], self.allow)


# The same switches call again and again.


@lru_cache(maxsize=1000)
def is_in_one(host: str, networks: tuple[str, ...]) -> bool:
    """True if an address is in one of the networks."""
    import ipaddress  # not needed to import eslsync

    address = ipaddress.ip_address(host.partition("%")[0])  # without an IPv6 scope
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network(each) for each in networks)


@lru_cache(maxsize=1000)
def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The network with this text. Raises ValueError."""
    import ipaddress

    return ipaddress.ip_network(text)


def is_text(network: object) -> bool:
    """True unless ipaddress would take a number, or bytes, for an address."""
    return not isinstance(network, (int, bytes))
