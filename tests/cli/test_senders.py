"""Addresses that messages go out from, at the command line."""

import pytest

from entrypoint import Exit
from settings import Settings
from tests.cli.conftest import Cli


async def test_senders_are_added_chosen_and_removed(cli: Cli, services: Settings) -> None:
    """The first of a channel is its default, another one when it is chosen; an address may be spelled as people do."""

    async def listed() -> dict[str, bool]:
        document = (await cli("senders", "list", "--json")).document
        return {sender["address"]: sender["is_default"] for sender in document["senders"]}

    added = await cli("senders", "add", "email", "Hello@Acme.example", "--name", "Acme", "--json")
    assert (added.document["address"], added.document["name"]) == ("hello@acme.example", "Acme")
    assert (await cli("senders", "add", "email", "sales@acme.example")).code == Exit.DONE
    assert (await cli("senders", "add", "sms", "(212) 555-0100")).code == Exit.DONE
    assert await listed() == {"hello@acme.example": True, "sales@acme.example": False, "+12125550100": True}
    assert (await cli("senders", "remove", "email", "hello@acme.example")).code == Exit.REFUSED
    assert (await cli("senders", "default", "email", "Sales@acme.example")).code == Exit.DONE
    assert await listed() == {"hello@acme.example": False, "sales@acme.example": True, "+12125550100": True}
    assert (await cli("senders", "remove", "email", "hello@acme.example")).code == Exit.DONE
    assert set(await listed()) == {"sales@acme.example", "+12125550100"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", "email", "nobody"), Exit.REFUSED, "no address for email"),
        (("add", "sms", "+12125550100", "--name", "Acme"), Exit.REFUSED, "sms shows no name"),
        (("remove", "email", "nobody@acme.example"), Exit.REFUSED, "no sender of email"),
        (("add", "pigeon", "loft"), 2, "email, sms, whatsapp"),
    ],
)
async def test_what_is_no_sender_is_refused(
    cli: Cli, services: Settings, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Nothing is stored, and the fault is named."""
    refused = await cli("senders", *arguments)
    assert (refused.code, said in refused.err) == (code, True), refused
    assert (await cli("senders", "list", "--json")).document == {"senders": []}
