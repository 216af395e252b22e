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
    return _carried(found) or found


def is_public(address: Address) -> bool:
    """Whether the whole internet reaches it, by the tables below: Python's own differ from one release to the next."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    isatap = int(address) >> 32 & 0xFDFFFFFF == _ISATAP
    return address in _UNICAST and not isatap and not any(address in network for network in _NOT_PUBLIC_V6)


_CARRIERS = (
    (ipaddress.IPv6Network("::/96"), 0),  # IPv4-compatible (RFC 4291 §2.5.5.1)
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped (§2.5.5.2)
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, SIIT (RFC 2765)
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),  # NAT64 (RFC 6052)
    (ipaddress.IPv6Network("2002::/16"), 80),  # 6to4 (RFC 3056)
)
"""IPv6 addresses that stand for an IPv4 one, and how many bits stand behind it."""

_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out to the internet."""

_ISATAP = 0x00005EFE
"""The middle of an address with an IPv4 one behind it, for tunnels within a site (RFC 5214 §6.1)."""

_NOT_PUBLIC_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
"""IANA's registry of special-purpose addresses, and multicast."""

_NOT_PUBLIC_V6 = tuple(
    ipaddress.IPv6Network(network)
    # Protocols' own with Teredo, documentation, 6to4 (judged by what it carries), documentation again.
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
"""Networks within what was given out that are not public all the same."""


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a gateway or a system's own stack makes of it."""
    if address.is_loopback or address.is_unspecified:
        return None
    for network, behind in _CARRIERS:
        if address in network:
            return ipaddress.IPv4Address(int(address) >> behind & 0xFFFFFFFF)
    return None
