"""Signed links: what they say, and to whom."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.links import Links, Named
from domain.errors import Unverified

TENANT, JOB = UUID(int=1 << 127), UUID(int=77)
TARGET = "https://shop.example/ä?a=1&b=<2>#top"
LINKS = Links("https://t.example.com/in/", ["new", "old"])


def token(url: str) -> str:
    return url.rpartition("/")[2].removesuffix(".gif")


def test_each_link_says_again_what_it_was_made_of() -> None:
    """What is signed is read back; the path of the public URL is kept."""
    unsubscribe, opened = LINKS.unsubscribe_url(TENANT, JOB), LINKS.open_url(TENANT, JOB)
    clicked = LINKS.click_url(TENANT, JOB, TARGET)
    assert unsubscribe.startswith("https://t.example.com/in/unsubscribe/")
    assert re.fullmatch(r"https://t\.example\.com/in/o/[\w.-]+\.gif", opened)
    assert clicked.startswith("https://t.example.com/in/c/")
    assert LINKS.read_unsubscribe(token(unsubscribe)) == Named(TENANT, JOB)
    assert LINKS.read_open(token(opened)) == Named(TENANT, JOB)
    assert LINKS.read_click(token(clicked)) == (Named(TENANT, JOB), TARGET)


def test_a_link_is_short_and_says_nothing() -> None:
    """It fits a header line beside a mailto, and no id stands in it to be read."""
    url = LINKS.unsubscribe_url(TENANT, JOB)
    assert len(url) < 200
    assert str(JOB) not in url
    assert JOB.hex not in url


def test_a_link_for_one_purpose_is_none_for_another() -> None:
    """Whoever sees the address of the picture cannot unsubscribe with it."""
    for made, read in [
        (LINKS.open_url(TENANT, JOB), LINKS.read_unsubscribe),
        (LINKS.click_url(TENANT, JOB, TARGET), LINKS.read_unsubscribe),
        (LINKS.unsubscribe_url(TENANT, JOB), LINKS.read_click),
        (LINKS.unsubscribe_url(TENANT, JOB), LINKS.read_open),
    ]:
        with pytest.raises(Unverified):
            read(token(made))


def test_the_first_key_signs_and_all_are_believed() -> None:
    """Keys can be rotated: what an older one signed is still read, what an unknown one signed is not."""
    old = token(Links("https://t.example.com", ["old"]).unsubscribe_url(TENANT, JOB))
    assert LINKS.read_unsubscribe(old) == Named(TENANT, JOB)
    made = token(LINKS.unsubscribe_url(TENANT, JOB))
    assert Links("https://x.example", ["new"]).read_unsubscribe(made) == Named(TENANT, JOB)
    with pytest.raises(Unverified):
        Links("https://t.example.com", ["old"]).read_unsubscribe(made)


def test_a_changed_link_is_refused() -> None:
    """Any other character, one less or one more: nobody names a message that was not given to them."""
    good = token(LINKS.click_url(TENANT, JOB, TARGET))
    for i, letter in enumerate(good[:-1]):  # the last one carries bits that mean nothing
        changed = good[:i] + ("A" if letter != "A" else "B") + good[i + 1 :]
        with pytest.raises(Unverified):
            LINKS.read_click(changed)
    for cut in (good[:-1], good[1:], good + "A", good.partition(".")[0]):
        with pytest.raises(Unverified):
            LINKS.read_click(cut)


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    """Whatever comes in a path is refused, never an error of another kind."""
    for read in (LINKS.read_unsubscribe, LINKS.read_open, LINKS.read_click):
        with pytest.raises(Unverified):
            read(text)


def test_an_unsubscribe_address_names_its_message_to_whoever_sent_it() -> None:
    """In small letters that every server takes; made for another tenant, or by nobody, it names nothing."""
    uri = LINKS.unsubscribe_mailto("unsubscribe@example.com", TENANT, JOB)
    address = uri.removeprefix("mailto:").removesuffix("?subject=unsubscribe")
    assert len(address.partition("@")[0]) <= 64
    assert address == address.lower()
    for spelling in (address, address.upper(), f"Somebody <{address}>"):
        assert LINKS.read_unsubscribe_address(TENANT, spelling) == JOB
    forged = address[:-20] + ("a" if address[-20] != "a" else "b") + address[-19:]
    for other in (forged, "unsubscribe@example.com", "unsubscribe+u@example.com", ""):
        assert LINKS.read_unsubscribe_address(TENANT, other) is None
    assert LINKS.read_unsubscribe_address(uuid4(), address) is None


def test_an_unsubscribe_address_outlives_its_key() -> None:
    """As links do: a mail may be answered after years."""
    old = Links("https://t.example.com", ["old"]).unsubscribe_mailto("mailto:bye@example.com?subject=x", TENANT, JOB)
    assert Links("https://t.example.com", ["new", "old"]).read_unsubscribe_address(TENANT, old) == JOB
    assert Links("https://t.example.com", ["new"]).read_unsubscribe_address(TENANT, old) is None


def test_a_mailbox_with_a_long_name_stays_as_it_is() -> None:
    """Better an address that works than one that names its message."""
    long = "a" * 40
    assert (
        LINKS.unsubscribe_mailto(f"{long}@example.com", TENANT, JOB) == f"mailto:{long}@example.com?subject=unsubscribe"
    )
