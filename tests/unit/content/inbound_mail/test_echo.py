"""What stands word for word in our own message is not the contact's."""

import pytest

from content.inbound_mail.echo import without_echo
from tests.support.machine import assert_takes_at_most

OURS = (
    "Hi Jane,\n\nshall we look at your roof this spring? We were in your street last week.\n\n"
    "If you don't want to hear from me again, just reply unsubscribe.\nNorthside Roofing, 1 Main St\nUnsubscribe"
)
WRAPPED = (
    "Hi Jane,\nshall we look at your roof this\nspring? We were in your street last week.\n\n"
    "If you don't want to hear from\nme again, just reply unsubscribe.\nNorthside Roofing, 1 Main St\nUnsubscribe"
)


@pytest.mark.parametrize("copy", [OURS, WRAPPED, OURS.upper(), OURS.replace("\n", "\n\n"), OURS.replace(" ", "  ")])
def test_a_copy_of_our_message_goes_however_it_is_broken(copy: str) -> None:
    """No mail program's introduction is needed where we know what we wrote."""
    assert without_echo(f"Yes, Tuesday works.\n\n{copy}", [OURS]) == "Yes, Tuesday works."
    assert without_echo(f"{copy}\n\nYes, Tuesday works.", ["something else", OURS]) == "Yes, Tuesday works."


@pytest.mark.parametrize("wish", ["unsubscribe", "just reply unsubscribe", "please stop", "hear from me"])
def test_what_we_tell_people_to_answer_is_an_answer(wish: str) -> None:
    """A few words of ours are typed, not quoted."""
    assert without_echo(wish, [OURS]) == wish
    assert without_echo(f"Hello,\n{wish}\nThanks", [OURS]) == f"Hello,\n{wish}\nThanks"
    assert without_echo(f"{wish}\n\n{OURS}", [OURS]) == wish
    assert without_echo(f"{OURS}\n\n{wish}", [OURS]) == wish


def test_a_mail_that_is_nothing_but_our_own_text_stays() -> None:
    """Whoever sends it back means something by that."""
    assert without_echo(OURS, [OURS]) == OURS
    assert without_echo("", [OURS]) == ""
    assert without_echo("Yes", []) == "Yes"


@pytest.mark.parametrize("unit", ["a ", "a\n", "hi jane shall we look at your roof\n", "unsubscribe\n\n", "\n"])
def test_time_grows_with_length_only(unit: str) -> None:
    """A hostile letter is compared at once."""
    text = (unit * 100_000)[:100_000]
    assert_takes_at_most(2, lambda: without_echo(text, [text, OURS]))
