"""A real SMTP server (aiosmtpd) on a loopback port, whose answers can be scripted."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "touch", "line"


@dataclass
class MailServer:
    """Answers of MAIL, RCPT and DATA may be replaced by `script`; whatever arrives whole is kept in `mails`."""

    tls: str = "none"
    context: ssl.SSLContext | None = None
    wants_auth: bool = False
    script: dict[str, list[str]] = field(default_factory=dict)
    """Command → answers to the next of its kind: a reply line, `drop`, `keep+drop` or `hang`."""
    mails: list[Envelope] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def start(self) -> None:
        """Listen on a free port, or on the one it had before."""
        self._open: list[SMTP] = []
        self._released = asyncio.Event()
        self.met = asyncio.Event()
        """Set when a scripted answer is due."""
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol, "127.0.0.1", self.port, ssl=self.context if self.tls == "tls" else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and hang up on everybody."""
        self._released.set()
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """Close every connection, as a server does with idle ones."""
        for protocol in self._open:
            if protocol.transport is not None:
                protocol.transport.close()

    def _protocol(self) -> SMTP:
        self.connections += 1
        protocol = SMTP(
            self,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=self.context if self.tls == "starttls" else None,
            require_starttls=self.tls == "starttls",
            auth_required=self.wants_auth,
            auth_require_tls=False,
            authenticator=_authenticate,
            loop=asyncio.get_running_loop(),
        )
        self._open.append(protocol)
        return protocol

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """MAIL FROM."""

        def accept() -> str:
            envelope.mail_from = address
            return "250 OK"

        return await self._answer("MAIL", server, accept)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """RCPT TO."""

        def accept() -> str:
            envelope.rcpt_tos.append(address)
            return "250 OK"

        return await self._answer("RCPT", server, accept)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """The end of DATA."""

        def accept() -> str:
            self.mails.append(envelope)
            return f"250 2.0.0 queued as {len(self.mails)}"

        return await self._answer("DATA", server, accept)

    async def _answer(self, command: str, server: SMTP, accept: Callable[[], str]) -> str:
        waiting = self.script.get(command)
        answer = waiting.pop(0) if waiting else None
        if answer is None:
            return accept()
        self.met.set()
        if answer == "keep+drop":
            accept()
        if answer == "hang":
            await self._released.wait()
        if answer in ("drop", "keep+drop", "hang"):
            transport: Any = server.transport
            transport.abort()
        return answer


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)
