"""A mailbox read over IMAP (RFC 3501) and left as it was: nothing is marked as seen, moved or deleted."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from content.headers import single_line
from domain.errors import NotReady
from providers.echoes import without
from providers.inbound.intake import LONGEST_CALL, MailTrimmer

LARGEST = 1024 * 1024
"""Bytes of a message that are fetched at once: most are shorter."""

_TROUBLE = (IMAPClientError, OSError, ValueError)
"""What the library raises: refusals and broken promises of the server, a lost connection, an answer without sense."""

# At `debug` the library logs whole conversations, and those are people's mail.
logging.getLogger("imapclient").setLevel(logging.WARNING)

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class ImapConfig:
    """Whose mailbox it is; certificates are checked against the system's CAs or SSL_CERT_FILE."""

    host: str
    username: str
    port: int = 993
    password: str = field(default="", repr=False)
    tls: Literal["tls", "starttls", "none"] = "tls"
    folder: str = "INBOX"
    timeout_s: float = 30.0
    """For connecting, and for each of the server's answers to begin or go on."""

    @property
    def name(self) -> str:
        """What tells it from every other mailbox."""
        return f"{self.username}@{self.host}/{self.folder}"

    @property
    def place(self) -> str:
        """The server, for messages: without the name of a person."""
        return f"the IMAP server {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RawMail:
    """One message as the server keeps it."""

    uid: int
    arrived_at: datetime
    """INTERNALDATE: in general when the server took it in; a message that is moved keeps it."""
    raw: bytes
    """As it is; of one that is longer than `LARGEST` its words, with what is attached cut."""


class Mailbox:
    """One folder, opened to be read. Every method raises NotReady when the server does not answer as it should."""

    def __init__(self, config: ImapConfig, client: IMAPClient, selected: dict[bytes, Any]) -> None:
        self._config = config
        self._client = client
        try:
            self.uid_validity: int = selected[b"UIDVALIDITY"]
            """UIDs mean the same messages for as long as this stays the same (RFC 3501 2.3.1.1)."""
            self.next_uid: int = selected[b"UIDNEXT"]
            """No message that was there when the folder was opened has this UID or a higher one."""
        except KeyError as error:
            raise NotReady(f"{config.place} does not number its messages (no UIDVALIDITY or no UIDNEXT)") from error
        self.messages: int = selected[b"EXISTS"]
        """How many the folder holds."""

    async def after(self, uid: int) -> list[int]:
        """UIDs above this one, in ascending order."""
        # `n:*` always names the last message, even where its UID is below n.
        return sorted(found for found in await self._ask("search", ["UID", f"{uid + 1}:*"]) if found > uid)

    async def since(self, instant: datetime) -> list[int]:
        """UIDs of what has arrived since then, the earliest first."""
        # SEARCH knows only days, and of no zone in particular.
        found = await self._ask("search", ["SINCE", (instant - timedelta(days=1)).date()])
        dates = await self._ask("fetch", found, ["INTERNALDATE"])
        arrivals = [(items[b"INTERNALDATE"], uid) for uid, items in dates.items() if b"INTERNALDATE" in items]
        return [uid for arrived_at, uid in sorted(arrivals) if arrived_at >= instant]

    async def fetch(self, uids: Sequence[int]) -> list[RawMail]:
        """These messages, in this order, without those that are gone meanwhile."""
        # PEEK leaves \\Seen as it is.
        found = await self._ask("fetch", uids, ["INTERNALDATE", f"BODY.PEEK[]<0.{LARGEST}>"])
        return [
            RawMail(uid=uid, arrived_at=items[b"INTERNALDATE"], raw=await self._whole(uid, items[b"BODY[]<0>"] or b""))
            for uid in uids
            # Without them it is gone, or only its flags were told.
            if (items := found.get(uid)) and {b"INTERNALDATE", b"BODY[]<0>"} <= items.keys()
        ]

    async def _whole(self, uid: int, beginning: bytes) -> bytes:
        """A message by its beginning: what its author wrote may stand behind what is attached."""
        if len(beginning) < LARGEST:
            return beginning
        trimmer, part, at = MailTrimmer(), beginning, 0
        while part and at < LONGEST_CALL:
            trimmer.feed(part)
            at += len(part)
            found = await self._ask("fetch", [uid], [f"BODY.PEEK[]<{at}.{LARGEST}>"])
            part = found.get(uid, {}).get(f"BODY[]<{at}>".encode()) or b""
        trimmer.end()
        return bytes(trimmer.kept)

    async def _ask(self, command: str, *args: Any) -> Any:
        return await _in_a_thread(self._config, lambda: getattr(self._client, command)(*args))


@asynccontextmanager
async def open_mailbox(config: ImapConfig) -> AsyncIterator[Mailbox]:
    """Sign in and open the folder read-only. Raises NotReady with the server's own words, and the fix."""
    if not config.username:
        raise NotReady("the mailbox has no user", hint="set TOUCHLINE_IMAP_USERNAME and TOUCHLINE_IMAP_PASSWORD")
    client = await _in_a_thread(config, lambda: _connect(config))
    try:
        yield Mailbox(config, client, await _in_a_thread(config, lambda: _enter(config, client)))
        with suppress(*_TROUBLE):
            await asyncio.to_thread(client.logout)
    finally:
        # Also ends a thread that still waits for the server, when the caller waits no more.
        with suppress(*_TROUBLE):
            client.shutdown()


async def check(config: ImapConfig) -> str:
    """Sign in, open the folder, and say so; raises NotReady."""
    async with open_mailbox(config) as mailbox:
        return f"{config.place} lets us in ({config.tls}); {config.folder} holds {mailbox.messages} messages"


async def _in_a_thread(config: ImapConfig, call: Callable[[], _Answer]) -> _Answer:
    """The library blocks; each wait in it is bounded by the time-out."""
    try:
        return await asyncio.to_thread(call)
    except _TROUBLE as error:
        raise _not_ready(config, error) from error


def _connect(config: ImapConfig) -> IMAPClient:
    context = None if config.tls == "none" else ssl.create_default_context()
    client = IMAPClient(
        config.host,
        port=config.port,
        ssl=config.tls == "tls",
        ssl_context=context,
        timeout=SocketTimeout(config.timeout_s, config.timeout_s),
    )
    # Otherwise the library makes times of the machine's own zone of them, and drops the zone.
    client.normalise_times = False
    return client


def _enter(config: ImapConfig, client: IMAPClient) -> dict[bytes, Any]:
    if config.tls == "starttls":
        client.starttls(ssl.create_default_context())
    # PLAIN carries every character of a password; LOGIN only ASCII, but there are servers that know nothing else.
    sign_in = client.plain_login if client.has_capability("AUTH=PLAIN") else client.login
    sign_in(config.username, config.password)
    selected: dict[bytes, Any] = client.select_folder(config.folder, readonly=True)
    return selected


def _not_ready(config: ImapConfig, error: Exception) -> NotReady:
    said = single_line(without(str(error), config.password)).removeprefix("b'").removesuffix("'") or "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotReady(
            f"the certificate of {config.place} is not trusted ({error.verify_message})",
            hint="name the host in TOUCHLINE_IMAP_HOST as the certificate does, or add its CA by SSL_CERT_FILE",
        )
    if isinstance(error, OSError | IMAPClientAbortError) or isinstance(error.__context__, IMAPClientAbortError):
        return NotReady(
            f"{config.place} cannot be reached ({config.tls}): {said}",
            hint="check TOUCHLINE_IMAP_HOST, TOUCHLINE_IMAP_PORT and TOUCHLINE_IMAP_TLS",
        )
    if isinstance(error, LoginError):
        return NotReady(
            f"{config.place} does not let us in: {said}",
            hint="check TOUCHLINE_IMAP_USERNAME and TOUCHLINE_IMAP_PASSWORD;"
            " many mailbox providers want a password made for this application",
        )
    if said.startswith("select failed"):
        return NotReady(f"{config.place} does not open {config.folder}: {said}", hint="check TOUCHLINE_IMAP_FOLDER")
    return NotReady(f"{config.place} answers outside the protocol: {said}", hint="check TOUCHLINE_IMAP_HOST and _PORT")
