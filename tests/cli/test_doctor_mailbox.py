"""What `doctor` says of the mailbox that is polled for answers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from composition import mailbox_of
from settings import Settings
from store.inbound import mailboxes
from store.inbound.mailboxes import Checkpoint
from store.pool import Database
from tests.cli.conftest import Cli
from tests.providers.dovecot import PASSWORD, dovecot, needs_dovecot

pytestmark = needs_dovecot


@pytest.fixture
async def mailbox(bare: pytest.MonkeyPatch) -> AsyncIterator[pytest.MonkeyPatch]:
    """Settings of one that lets us in."""
    async with dovecot(trustme.CA()) as server:
        chosen = {"PORT": server.port, "TLS": "none", "USERNAME": "ada@example.org", "PASSWORD": PASSWORD}
        for name, value in {"HOST": "127.0.0.1", **chosen}.items():
            bare.setenv(f"TOUCHLINE_IMAP_{name}", str(value))
        yield bare


async def lines(cli: Cli) -> dict[str, dict[str, Any]]:
    said = await cli("doctor", "--json")
    return {finding["name"]: finding for finding in said.document if finding["name"].startswith("mailbox")}


async def test_without_a_mailbox_nothing_is_said_of_one(cli: Cli, bare: pytest.MonkeyPatch) -> None:
    """Most installations hear by webhooks."""
    assert await lines(cli) == {}


async def test_a_mailbox_is_signed_in_to(cli: Cli, mailbox: pytest.MonkeyPatch) -> None:
    """Also while nothing else runs; a wrong password is named with its fix, and not shown."""
    right = (await lines(cli))["mailbox"]
    assert (right["status"], "INBOX holds 0 messages" in right["detail"]) == ("ok", True)
    mailbox.setenv("TOUCHLINE_IMAP_PASSWORD", "guessed")
    wrong = (await lines(cli))["mailbox"]
    assert (wrong["status"], "guessed" in str(wrong)) == ("fail", False)
    assert "TOUCHLINE_IMAP_PASSWORD" in wrong["mend"]


async def test_how_far_it_is_read(
    cli: Cli, mailbox: pytest.MonkeyPatch, services: Settings, database: Database
) -> None:
    """Not begun warns, read lately is well, and an old reading fails: answers since then are unheard."""
    config = mailbox_of(Settings())
    assert config is not None
    found = [(await lines(cli))["mailbox reading"]]
    for age in (timedelta(0), timedelta(hours=1)):
        async with database.transaction(services.tenant) as tx:
            await mailboxes.save(tx, config.name, Checkpoint(1, 1, datetime.now(UTC) - age))
        found.append((await lines(cli))["mailbox reading"])
    assert [line["status"] for line in found] == ["warn", "ok", "fail"]
    assert "unheard" in found[2]["detail"]
