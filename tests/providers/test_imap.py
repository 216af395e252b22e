"""The IMAP client against a real server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from domain.errors import NotReady
from providers import imap
from providers.imap import ImapConfig, check, open_mailbox
from tests.providers.dovecot import Dovecot, MailAccount, dovecot, needs_dovecot, trust

pytestmark = needs_dovecot

MAIL = b"From: Ada <ada@example.com>\r\nSubject: Re: Hello\r\n\r\nYes, please.\r\n"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
async def server(authority: trustme.CA) -> AsyncIterator[Dovecot]:
    async with dovecot(authority) as running:
        yield running


@pytest.fixture
def account(server: Dovecot, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MailAccount:
    trust(monkeypatch, authority, tmp_path)
    return server.account()


async def refusal(config: ImapConfig) -> NotReady:
    with pytest.raises(NotReady) as refused:
        await check(config)
    return refused.value


async def test_reading_leaves_no_trace(account: MailAccount) -> None:
    """A message comes byte for byte with its time, and stays unseen and recent."""
    account.put(MAIL, arrived_at=NOON)
    async with open_mailbox(account.config()) as mailbox:
        assert mailbox.next_uid == 2
        [mail] = await mailbox.fetch(await mailbox.after(0))
    assert (mail.uid, mail.arrived_at, mail.raw) == (1, NOON, MAIL)
    assert account.flags() == [(b"\\Recent",)]


async def test_only_what_is_new_is_named(account: MailAccount) -> None:
    """Above the last UID there is nothing, although servers name the last message all the same."""
    account.put(MAIL, MAIL, MAIL)
    async with open_mailbox(account.config()) as mailbox:
        assert await mailbox.after(1) == [2, 3]
        assert await mailbox.after(3) == []
        assert await mailbox.fetch([]) == []


async def test_an_empty_mailbox_is_read_like_any_other(account: MailAccount) -> None:
    """Nothing is in it, and the first message will have the number that it names."""
    async with open_mailbox(account.config()) as mailbox:
        assert (await mailbox.after(0), await mailbox.since(NOON), mailbox.next_uid) == ([], [], 1)


async def test_a_message_that_is_gone_is_left_out(account: MailAccount) -> None:
    """Somebody deletes it between the search and the reading."""
    account.put(MAIL, MAIL)
    with account.opened() as other:
        other.select_folder(account.folder)
        other.delete_messages([1])
        other.expunge()
    async with open_mailbox(account.config()) as mailbox:
        assert [mail.uid for mail in await mailbox.fetch([1, 2])] == [2]


async def test_of_a_long_message_the_words_are_read(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever they stand; what is attached is fetched part by part, and never in memory as a whole."""
    monkeypatch.setattr(imap, "LARGEST", 1_000)
    head = MAIL.partition(b"\r\n\r\n")[0] + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    photo = b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD\r\n" * 5_000
    words = b"--b\r\nContent-Type: text/plain\r\n\r\nPlease stop.\r\n"
    account.put(head + photo + words + b"--b--\r\n", MAIL)
    async with open_mailbox(account.config()) as mailbox:
        long, short = await mailbox.fetch([1, 2])
    assert words in long.raw
    assert len(long.raw) < 4_000
    assert short.raw == MAIL


async def test_what_has_arrived_since_is_in_the_order_of_time(account: MailAccount) -> None:
    """To the second, although IMAP searches by days; the earliest first, whatever the numbers."""
    for hours in (2, -1, 1, 0, -48):
        account.put(MAIL, arrived_at=NOON + timedelta(hours=hours))
    async with open_mailbox(account.config()) as mailbox:
        assert await mailbox.since(NOON) == [4, 3, 1]


async def test_a_folder_may_have_any_name(server: Dovecot, account: MailAccount) -> None:
    """Also one beyond ASCII."""
    elsewhere = MailAccount(server, account.user, "Réponses & more")
    elsewhere.make()
    elsewhere.put(MAIL)
    assert "Réponses & more holds 1 messages" in await check(elsewhere.config())


@pytest.mark.parametrize("tls", ["tls", "starttls", "none"])
async def test_each_kind_of_connection_works(account: MailAccount, tls: str) -> None:
    """And says which it is."""
    assert f"({tls})" in await check(account.config(tls=tls))


@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_a_certificate_is_checked(account: MailAccount, tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an authority that nobody knows, or for another name: no password is sent."""
    other_name = await refusal(account.config(tls=tls, host="127.0.0.1"))
    monkeypatch.delenv("SSL_CERT_FILE")
    unknown = await refusal(account.config(tls=tls))
    for error in (other_name, unknown):
        assert "certificate" in str(error)
        assert "SSL_CERT_FILE" in (error.hint or "")


async def test_a_wrong_password_is_said_without_naming_a_person(account: MailAccount) -> None:
    """The server's words, the settings to look at, and neither user nor password."""
    error = await refusal(account.config(password="sésame"))
    assert "Authentication failed" in str(error)
    assert "TOUCHLINE_IMAP_PASSWORD" in (error.hint or "")
    assert account.user not in str(error)
    assert "sésame" not in str(error)


async def test_a_missing_folder_is_named(account: MailAccount) -> None:
    """With the setting that names it."""
    error = await refusal(account.config(folder="Answers"))
    assert "Answers" in str(error)
    assert "TOUCHLINE_IMAP_FOLDER" in (error.hint or "")


async def test_a_missing_user_is_asked_for(account: MailAccount) -> None:
    """Before anything connects."""
    assert "TOUCHLINE_IMAP_USERNAME" in ((await refusal(account.config(username="", port=1))).hint or "")


async def test_a_port_where_nobody_listens(account: MailAccount) -> None:
    """It names the place, and the settings that name it."""
    error = await refusal(account.config(host="127.0.0.1", port=1))
    assert "127.0.0.1:1" in str(error)
    assert "TOUCHLINE_IMAP_PORT" in (error.hint or "")


async def test_encryption_where_none_is_spoken(account: MailAccount) -> None:
    """TLS on the plain port is refused, with the setting that decides it."""
    error = await refusal(account.config(port=account.server.port))
    assert "TOUCHLINE_IMAP_TLS" in (error.hint or "")


async def test_a_server_that_says_nothing_is_not_waited_for_long() -> None:
    """The time-out ends it."""
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    error = await refusal(ImapConfig(host="127.0.0.1", port=port, username="ada", tls="none", timeout_s=0.2))
    assert "timed out" in str(error)
    silent.close()


async def test_a_server_that_breaks_off(account: MailAccount) -> None:
    """A connection that is lost while reading is a mailbox that cannot be read now."""
    account.put(MAIL)
    async with open_mailbox(account.config()) as mailbox:
        mailbox._client.shutdown()
        with pytest.raises(NotReady, match="cannot be reached"):
            await mailbox.after(0)
