"""A real IMAP server: Dovecot, as Debian's dovecot-imapd brings it, without root's rights and on free ports."""

import asyncio
import grp
import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trustme
from imapclient import IMAPClient

from local.ports import free_port
from local.process import ServerProcess
from providers.imap import ImapConfig

_PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_dovecot = pytest.mark.skipif(_PROGRAM is None, reason="Dovecot is not installed (Debian: dovecot-imapd)")

PASSWORD = "opensesame"

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
service anvil {{
  # One wrong password slows every later one down.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = home={folder}/mail/%u
}}
"""


@dataclass(frozen=True)
class MailAccount:
    """A mailbox of a test's own, as its owner sees it with another program."""

    server: "Dovecot"
    user: str
    folder: str = "INBOX"

    def config(self, **fields: Any) -> ImapConfig:
        """How it is polled; over the encrypted port unless `tls` says otherwise."""
        tls = fields.get("tls", "tls")
        given = {
            "host": "localhost",
            "port": self.server.tls_port if tls == "tls" else self.server.port,
            "username": self.user,
            "password": PASSWORD,
            "tls": tls,
            "folder": self.folder,
            **fields,
        }
        return ImapConfig(**given)

    @contextmanager
    def opened(self) -> Iterator[IMAPClient]:
        """Signed in, no folder selected."""
        with IMAPClient("127.0.0.1", self.server.port, ssl=False) as client:
            client.login(self.user, PASSWORD)
            yield client

    def put(self, *mails: bytes, arrived_at: datetime | None = None) -> None:
        """Messages come in."""
        with self.opened() as client:
            for mail in mails:
                client.append(self.folder, mail, msg_time=arrived_at)

    def make(self) -> None:
        """Create the folder."""
        with self.opened() as client:
            client.create_folder(self.folder)

    def make_anew(self) -> None:
        """What happens when a mailbox moves to another server: the same name, and all numbers start again."""
        with self.opened() as client:
            client.delete_folder(self.folder)
            client.create_folder(self.folder)

    def flags(self) -> list[tuple[bytes, ...]]:
        """Of each message; reading them so changes none."""
        with self.opened() as client:
            client.select_folder(self.folder, readonly=True)
            found = client.get_flags(client.search("ALL"))
            return [found[uid] for uid in sorted(found)]


class Dovecot:
    """One server; every user name is known, under one password."""

    def __init__(self, folder: Path, authority: trustme.CA) -> None:
        self._folder = folder
        user = pwd.getpwuid(os.geteuid())
        # Root may have no mail here; the package brings a user that may do nothing else.
        self._user = pwd.getpwnam("dovecot") if user.pw_uid == 0 else user
        self._authority = authority
        self.port = free_port()
        self.tls_port = next(port for port in iter(free_port, self.port))

    async def start(self) -> None:
        """Answers when it takes connections."""
        assert _PROGRAM is not None
        self._authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            self._folder / "server.pem"
        )
        for name in ("run", "mail"):
            (self._folder / name).mkdir()
        config = self._folder / "dovecot.conf"
        config.write_text(
            _CONFIG.format(
                folder=self._folder,
                user=self._user.pw_name,
                group=grp.getgrgid(self._user.pw_gid).gr_name,
                port=self.port,
                tls_port=self.tls_port,
                password=PASSWORD,
            )
        )
        drop_to = None
        if os.geteuid() == 0:
            drop_to = self._user.pw_name
            for path in (self._folder, *self._folder.iterdir()):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        self._process = ServerProcess(
            "Dovecot", [_PROGRAM, "-F", "-c", config], self._folder / "dovecot.log", user=drop_to
        )
        await self._process.until(self._answers, 60.0)

    async def stop(self) -> None:
        """End it, with its children; nobody needs what it has."""
        await self._process.kill()

    def account(self, folder: str = "INBOX") -> MailAccount:
        """A mailbox that nobody else uses."""
        return MailAccount(self, f"{uuid4().hex[:12]}@example.org", folder)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            greeting = await reader.readline()
            writer.close()
        except OSError:
            return False
        return greeting.startswith(b"* OK")


@asynccontextmanager
async def dovecot(authority: trustme.CA) -> AsyncIterator[Dovecot]:
    """A running server, with its files where its own user reaches them."""
    with tempfile.TemporaryDirectory(prefix="touchline-imap-") as folder:
        server = Dovecot(Path(folder), authority)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


def trust(monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, folder: Path) -> Path:
    """Let this process believe the authority's certificates; the file, for other processes."""
    pem = folder / "authority.pem"
    authority.cert_pem.write_to_path(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return pem
