"""Email by SMTP submission (RFC 5321, 6409) over a few kept connections."""

import asyncio
import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Literal
from uuid import UUID

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from content.headers import address, single_line
from content.mime import build
from content.smtp_reply import Meaning, judge
from domain.errors import (
    AmbiguousError,
    ConfigurationError,
    ContentError,
    NotCleared,
    NotReady,
    PermanentError,
    SenderRefusedError,
    SendError,
    TransientError,
)
from domain.ids import JOB_HEADER, JOB_KEY
from domain.messages import Channel, Lookup, OutgoingMessage, Receipt, Unknown
from providers.base import LastLook, Line, Soon
from providers.echoes import without

_NAME = "smtp"
_GOODBYE_S = 2.0
_AUTH_CODES = frozenset({530, 534, 535, 538})
_ENHANCED = re.compile(r"([245])\.\d{1,3}\.\d{1,3}(?!\S)")
_RELAY_ID = re.compile(
    r"<([^\s<>]{10,250})>|(?:\bqueued as|\bok:?)(?: id=| queued as)? ([\w.@+/=-]{16,250})(?=[\s;,.]|$)", re.IGNORECASE
)
"""`Ok 0102018f…-000000` (Amazon SES), `Ok: queued as …` (SendGrid, Postmark), `OK <…@…> [InternalId=…` (Exchange)."""
_SENDER_CODES = frozenset({"5.1.7", "5.1.8"})
"""RFC 3463: the fault is in the sender's mailbox or system."""
_SIZE_CODES = frozenset({"5.2.3", "5.3.4"})
"""RFC 3463: this message is too long."""

Relay = Literal["none", "resend", "postmark", "sendgrid"]
RELAY_HEADERS: dict[Relay, Callable[[UUID], dict[str, str]]] = {
    "none": lambda job: {},
    # Repeated within a day under one key, a message goes out once. Resend has no tags over SMTP, but reports headers.
    "resend": lambda job: {"Resend-Idempotency-Key": str(job), JOB_HEADER: str(job)},
    # Postmark gives every message a Message-ID of its own, unless it is told to keep ours: what answers name.
    "postmark": lambda job: {f"X-PM-Metadata-{JOB_KEY}": str(job), "X-PM-KeepID": "true"},
    "sendgrid": lambda job: {
        "X-SMTPAPI": json.dumps({"unique_args": {JOB_KEY: str(job)}}, separators=(",", ":")),
    },
}
"""By which a relay's webhooks name the message that they are about (providers/inbound)."""


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """How to reach the submission server; certificates are checked against the system's CAs or SSL_CERT_FILE."""

    host: str = ""
    port: int = 587
    username: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    timeout_s: float = 30.0
    """For one whole send, from connecting to the server's last word."""
    connections: int = 4
    sender: str = ""
    """`Name <address>`: the From header and the envelope's sender."""
    relay: Relay = "none"
    """Whose server it is, when its webhooks report on what it takes."""


class _Stage(Enum):
    """How far a message got; from DATA on, silence proves nothing."""

    CONNECT = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()


@dataclass
class _Line:
    """One connection, kept between messages."""

    smtp: SMTP
    home: "asyncio.LifoQueue[_Line]"
    """Where it waits for the next message."""
    envelope_open: bool = False

    def release(self) -> None:
        """For the next message."""
        self.home.put_nowait(self)


@dataclass
class _Attempt:
    """One message on its way through the stages."""

    sender: str
    recipient: str
    data: bytes
    stage: _Stage = _Stage.CONNECT

    async def run(self, line: _Line, clear: LastLook) -> str:
        """Hand over and return the server's last word."""
        reused = line.smtp.is_connected
        try:
            await self._offer(line)
        except SMTPException:
            if not reused or line.smtp.is_connected:
                raise
            # The server had left an idle connection. Nothing of DATA is written yet, so offering again is safe.
            await self._offer(line)
        await clear()
        self.stage = _Stage.DATA
        reply = await line.smtp.data(self.data)
        line.envelope_open = False
        return reply.message

    async def _offer(self, line: _Line) -> None:
        """Everything before DATA."""
        self.stage = _Stage.CONNECT
        if not line.smtp.is_connected:
            await line.smtp.connect()
        elif line.envelope_open:
            await line.smtp.rset()
        self.stage = _Stage.MAIL
        line.envelope_open = True
        size = [f"SIZE={len(self.data)}"] if line.smtp.supports_extension("size") else []
        await line.smtp.mail(self.sender, options=size)
        self.stage = _Stage.RCPT
        await line.smtp.rcpt(self.recipient)


class SmtpProvider:
    """Hands emails to one submission server."""

    name = _NAME
    channels = frozenset({Channel.EMAIL})

    def __init__(self, config: SmtpConfig) -> None:
        """Connects nowhere; raises NotReady when a setting is missing."""
        if not config.host:
            raise NotReady("no SMTP server is configured", hint="set TOUCHLINE_SMTP_HOST")
        try:
            address(config.sender)
        except ContentError as error:
            raise NotReady(f"emails have no usable sender: {error}", hint="set TOUCHLINE_EMAIL_FROM") from error
        self._config = config
        # Last in, first out: under light load one connection stays warm instead of all going stale.
        self._idle: asyncio.LifoQueue[_Line] = asyncio.LifoQueue()
        self._waiting = 0
        for _ in range(config.connections):
            self._idle.put_nowait(_Line(self._new_connection(), self._idle))

    def free_line(self, tenant_id: UUID) -> _Line | Soon:
        """One of the kept connections; the one used last is still warm."""
        return Soon(self._next_line) if self._waiting or self._idle.empty() else self._idle.get_nowait()

    async def _next_line(self) -> _Line:
        """Whoever waits longest gets the next one."""
        self._waiting += 1
        try:
            return await self._idle.get()
        finally:
            self._waiting -= 1

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        """Hand one email over; the receipt carries its Message-ID. It is looked at last before DATA."""
        if not isinstance(line, _Line):
            raise TypeError("not a line of this provider")
        attempt, message_id = self._compose(message)
        try:
            with _kept(line):
                async with asyncio.timeout(self._config.timeout_s):
                    reply = await attempt.run(line, clear)
        except (SMTPException, OSError, ValueError) as error:
            raise self._classify(error, attempt.stage) from error
        said = single_line(reply)
        return Receipt(
            provider=_NAME,
            provider_message_id=message_id,
            relay_message_id=_relay_id(said, message_id),
            detail=said[:200],
        )

    async def lookup(self, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
        """SMTP has no such question."""
        return Unknown(reason="an SMTP server cannot be asked what it took")

    async def check(self) -> str:
        """Connect, secure, sign in, NOOP."""
        smtp = self._new_connection()
        try:
            async with asyncio.timeout(self._config.timeout_s):
                await smtp.connect()
                await smtp.noop()
                await smtp.quit()
        except (SMTPException, OSError, ValueError) as error:
            raise self._classify(error, _Stage.CONNECT) from error
        finally:
            smtp.close()
        user = f"signed in as {self._config.username}" if self._config.username else "without signing in"
        return f"SMTP server {self._place} answers ({self._config.tls}, {user})"

    async def close(self) -> None:
        """Take leave on the idle connections."""
        lines = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        await asyncio.gather(*(_leave(line.smtp) for line in lines))
        for line in lines:
            self._idle.put_nowait(line)

    @property
    def _place(self) -> str:
        return f"{self._config.host}:{self._config.port}"

    def _new_connection(self) -> SMTP:
        config = self._config
        return SMTP(
            hostname=config.host,
            port=config.port,
            username=config.username or None,
            password=config.password or None,
            use_tls=config.tls == "tls",
            start_tls=config.tls == "starttls",
            timeout=None,  # one deadline for the whole send, kept by us
        )

    def _compose(self, message: OutgoingMessage) -> tuple[_Attempt, str]:
        try:
            headers = RELAY_HEADERS[self._config.relay](message.job_id)
            mail = build(message, sender=self._config.sender, relayed=headers)
        except ContentError as error:
            raise PermanentError(_NAME, str(error)) from error
        return _Attempt(mail.sender, mail.recipient, mail.data), mail.message_id

    def _classify(self, error: Exception, stage: _Stage) -> SendError:
        """What an error says about the message."""
        if isinstance(error, SMTPResponseException):
            said = without(error.message, self._config.password)
            return _by_reply(SMTPResponseException(error.code, said), stage)
        text = single_line(without(str(error), self._config.password)) or "no answer in time"
        if untrusted := _certificate_error(error):
            return ConfigurationError(
                _NAME,
                f"the certificate of {self._place} is not trusted ({untrusted.verify_message}): "
                "name the host as the certificate does, or add its CA by SSL_CERT_FILE",
            )
        if stage is _Stage.DATA:
            return AmbiguousError(_NAME, f"{self._place} fell silent after DATA: {text}")
        if isinstance(error, OSError):
            return TransientError(_NAME, f"cannot reach {self._place} ({self._config.tls}): {text}")
        return ConfigurationError(
            _NAME, f"{self._place}: {text} Check TOUCHLINE_SMTP_TLS, TOUCHLINE_SMTP_PORT and the credentials."
        )


@contextmanager
def _kept(line: _Line) -> Iterator[None]:
    """The connection is kept only while client and server agree on where they are; a new envelope resets an old one."""
    try:
        yield
    except BaseException as error:
        refused = isinstance(error, SMTPResponseException) and 400 <= error.code < 600
        if not refused and not isinstance(error, NotCleared):
            line.smtp.close()
        raise


def _relay_id(said: str, message_id: str) -> str | None:
    """The id in a server's last word under which it passes the message on, where it is not ours.

    A short one is the number of a queue, which is used again.
    """
    match = _RELAY_ID.search(said)
    found = match[1] or match[2] if match else None
    return None if found is None or found == message_id.strip("<>") else found


def _by_reply(error: SMTPResponseException, stage: _Stage) -> SendError:
    """Classify a reply by its code (RFC 5321 §4.2), what it answers, and its enhanced code with its words."""
    match = _ENHANCED.match(error.message)
    enhanced = match[0] if match and match[1] == str(error.code)[0] else ""
    # Every line of a reply repeats the code (RFC 2034 §4); `shown` says it once.
    words = " ".join(line.removeprefix(enhanced) for line in error.message.splitlines())
    text = single_line(words)[:300] or "the server gives no reason"
    code, shown = error.code, f"{error.code} {enhanced}".strip()
    if 400 <= code < 500:
        return TransientError(_NAME, text, shown, code)
    if not 500 <= code < 600:
        kind = AmbiguousError if stage is _Stage.DATA else TransientError
        return kind(_NAME, f"an answer outside the protocol: {text}", shown, code)
    if code in _AUTH_CODES:
        return ConfigurationError(
            _NAME, f"{text} (check TOUCHLINE_SMTP_USERNAME and TOUCHLINE_SMTP_PASSWORD)", shown, code
        )
    if enhanced in _SIZE_CODES or (code == 552 and stage in (_Stage.CONNECT, _Stage.MAIL)):
        return PermanentError(_NAME, text, shown, code)
    # Up to MAIL the server has not heard of the recipient: what it refuses, it refuses for everybody.
    if stage in (_Stage.CONNECT, _Stage.MAIL) or enhanced in _SENDER_CODES:
        return ConfigurationError(_NAME, text, shown, code)
    meaning = judge(f"{code} {error.message}", enhanced).meaning
    if meaning in (Meaning.SENDER, Meaning.RELAYING):
        return SenderRefusedError(_NAME, text, shown, code)
    if meaning is Meaning.RATE:
        return TransientError(_NAME, text, shown, code)
    effect: Literal["bounced", "none"] = "bounced" if meaning is Meaning.GONE else "none"
    return PermanentError(_NAME, text, shown, code, effect=effect, passing=meaning is Meaning.LATER)


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The refused certificate behind an error, if there is one."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__
    return error


async def _leave(smtp: SMTP) -> None:
    if smtp.is_connected:
        with suppress(SMTPException, OSError):
            await smtp.quit(timeout=_GOODBYE_S)
    smtp.close()
