"""Which addresses are on the internet, whatever clothes they come in."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.allow_list import address_of, is_public

CARRIERS = ["::{}", "::ffff:{}", "::ffff:0:{}", "64:ff9b::{}"]


def public(text: str) -> bool:
    found = address_of(text)
    assert found is not None
    return is_public(found)


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.1", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.31.0.1", "192.0.0.8"),
        *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.19.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "fe80::1", "fec0::1", "fd00::1", "ff02::1", "2001:db8::1", "3fff::1"),
        *("100::1", "5f00::1", "4000::1", "2001::7f00:1", "2001:10::1", "2001:2::1", "64:ff9b:1::7f00:1"),
        *("64:ff9b:1:7f00:0:100::", "64:ff9b:2::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2620:0:0:0:0:5efe:7f00:1"),
        *("2620::200:5efe:7f00:1", "fe80::1%eth0"),
    ],
)  # fmt: skip
def test_what_only_some_network_reaches_is_not_public(text: str) -> None:
    """By IANA's registries, the same on every Python."""
    assert not public(text)


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1",
        "8.8.8.8",
        "100.128.0.1",
        "172.32.0.1",
        "198.20.0.1",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:4860::8",
    ],
)
def test_what_the_internet_reaches_is_public(text: str) -> None:
    """Neighbours of what is not."""
    assert public(text)


@given(st.ip_addresses(v=4), st.sampled_from(CARRIERS))
def test_a_carried_address_is_judged_as_what_it_carries(address: ipaddress.IPv4Address, carrier: str) -> None:
    """IPv4-compatible, mapped, SIIT, NAT64 and 6to4: the tenant's list names the address, not its clothes."""
    if int(address) > 1:  # `::` and `::1` are themselves
        assert address_of(carrier.format(address)) == address
    assert address_of(f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1") == address
