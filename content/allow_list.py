"""Which hosts may be called although they are not on the internet: a tenant's list, within an installation's."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ANY = "any"
"""The only entry of a list that holds every address."""
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")


@dataclass(frozen=True)
class AllowList:
    """Host names, and networks in CIDR notation; an address alone is a network of one."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    everything: bool = False

    def holds(self, host: str, address: Address) -> bool:
        """Whether this address may be called under this name."""
        if self.everything or host.lower().rstrip(".") in self.hosts:
            return True
        return any(address.version == network.version and address in network for network in self.networks)


def allow_list(entries: Iterable[str]) -> AllowList:
    """Read a list; raises ValueError naming the entry that is neither a host name nor a network."""
    listed = [entry.strip() for entry in entries if entry.strip()]
    if listed == [ANY]:
        return AllowList(everything=True)
    hosts: set[str] = set()
    networks: list[Network] = []
    for entry in listed:
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            name = entry.lower().rstrip(".")
            # Digits and dots alone are a mistyped address.
            if not _HOST.fullmatch(name) or name == ANY or name.replace(".", "").isdecimal():
                raise ValueError(f"{entry!r} is neither a host name nor a network such as 10.1.0.0/16") from None
            hosts.add(name)
    return AllowList(frozenset(hosts), tuple(networks))


def address_of(text: str) -> Address | None:
    """The address that a text is, one in the other family's clothes undressed; None for a name."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv4Address):
        return found
    return found.ipv4_mapped or found.sixtofour or _translated(found) or found


def is_public(address: Address) -> bool:
    """Whether the whole internet reaches it."""
    return address.is_global and not address.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """What a NAT64 gateway makes of it (RFC 6052)."""
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
