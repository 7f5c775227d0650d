"""Access: the networks that a server accepts calls from, and those of its proxies."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from ..clock import Peer

__all__ = ["LOOPBACK", "Access"]

#: Only this machine.
LOOPBACK = ("127.0.0.0/8", "::1/128")


class Access:
    """A list of networks (``"10.0.0.0/8"``) and hosts (``"10.1.2.3"``).

    Errors call it by its ``name``.
    """

    def __init__(self, allow: Iterable[str] = LOOPBACK, name: str = "allow") -> None:
        import ipaddress  # not needed to import eslsync

        if isinstance(allow, str):
            raise TypeError(f"{name} must be a list of networks, such as [{allow!r}]")
        self.allow = tuple(allow)
        if not all(map(is_text, self.allow)):
            raise TypeError(
                f"{name} must be a list of texts, such as '10.0.0.0/8', not {list(self.allow)!r}"
            )
        self._address = ipaddress.ip_address
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for each in self.allow:
            try:
                if "%" in str(each):
                    raise ValueError(
                        f"{each!r}: leave out the scope; addresses are compared without"
                    )
                self._networks.append(ipaddress.ip_network(each))
            except ValueError as error:
                raise ValueError(
                    f"{name}: {error}; write a network (10.0.0.0/8) or a host (10.1.2.3)"
                ) from None

        # The same switches call again and again.
        self._permits = lru_cache(maxsize=1000)(self._is_in_a_network)

    def permits(self, peer: Peer) -> bool:
        """True if that peer's host is in one of the networks."""
        return self._permits(peer[0])

    def _is_in_a_network(self, host: str) -> bool:
        address = self._address(host.partition("%")[0])  # without an IPv6 scope
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


def is_text(network: object) -> bool:
    """True unless ipaddress would take a number, or bytes, for an address."""
    return not isinstance(network, (int, bytes))
