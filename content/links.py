"""The links in what we send: signed, opaque, and readable again for as long as the mail itself.

A link never expires, because a mail may be read after years: keep retired keys in TOUCHLINE_SECRET_KEYS, behind the
one that signs. Nothing personal stands in a link, only ids and, behind a click, the author's own target.
"""

import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Sequence
from email.utils import parseaddr
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from itsdangerous import BadData, Signer, base64_decode, base64_encode

from domain.errors import Unverified

_UUID = 16
"""Bytes of one."""
_MAC = 8
"""Bytes that prove an address of ours: a mail server refuses a local part of more than 64 characters (RFC 5321)."""
_LONGEST_LOCAL = 64
_TOKEN = re.compile(r"\+u([a-z2-7]{39})@")


class Named(NamedTuple):
    """The message that a link stands in."""

    tenant_id: UUID
    job_id: UUID


class Links:
    """Makes and reads links, each kind under a salt of its own, so that none passes for another."""

    def __init__(self, public_url: str, secret_keys: Sequence[str]) -> None:
        """`public_url` is where the API is reached; the first key signs, all are believed."""
        if not public_url or not secret_keys:
            raise ValueError("links need a public URL and a key")
        self._base = public_url.rstrip("/")
        self._unsubscribe = _signer("unsubscribe", secret_keys)
        self._unsubscribe_mail = _signer("unsubscribe-mail", secret_keys)
        self._open = _signer("open", secret_keys)
        self._click = _signer("click", secret_keys)

    def unsubscribe_url(self, tenant_id: UUID, job_id: UUID) -> str:
        """Where one click (RFC 8058) or a page's button unsubscribes whom the message went to."""
        return f"{self._base}/unsubscribe/{_sign(self._unsubscribe, tenant_id, job_id)}"

    def unsubscribe_mailto(self, mailbox: str, tenant_id: UUID, job_id: UUID) -> str:
        """The address of List-Unsubscribe as a URI: whatever comes there is an opt-out of whom the message went to.

        A mailbox whose name leaves no room for the token stays as it is.
        """
        address = mailbox.removeprefix("mailto:").partition("?")[0]
        local, at, domain = parseaddr(address)[1].rpartition("@")
        token = _text(job_id.bytes + self._mac(tenant_id, job_id)[0])
        if at and len(local) + len(token) + 2 <= _LONGEST_LOCAL:
            address = f"{local}+u{token}@{domain}"
        return f"mailto:{address}?subject=unsubscribe"

    def read_unsubscribe_address(self, tenant_id: UUID, address: str) -> UUID | None:
        """The message that such an address names; None unless we made it for one of this tenant's."""
        found = _TOKEN.search(address.lower())
        if found is None:
            return None
        payload = b32decode(found[1].upper() + "=")
        job_id = UUID(bytes=payload[:_UUID])
        ours = any(hmac.compare_digest(mac, payload[_UUID:]) for mac in self._mac(tenant_id, job_id))
        return job_id if ours else None

    def _mac(self, tenant_id: UUID, job_id: UUID) -> list[bytes]:
        """By each key, the one that signs first."""
        signer = self._unsubscribe_mail
        keys = [signer.derive_key(key) for key in reversed(signer.secret_keys)]
        return [signer.algorithm.get_signature(key, tenant_id.bytes + job_id.bytes)[:_MAC] for key in keys]

    def open_url(self, tenant_id: UUID, job_id: UUID) -> str:
        """The picture whose loading says that the message was opened."""
        return f"{self._base}/o/{_sign(self._open, tenant_id, job_id)}.gif"

    def click_url(self, tenant_id: UUID, job_id: UUID, url: str) -> str:
        """By way of us to `url`."""
        return f"{self._base}/c/{_sign(self._click, tenant_id, job_id, url)}"

    def read_unsubscribe(self, token: str) -> Named:
        """What an unsubscribe link names. Raises Unverified unless we made it."""
        return _read(self._unsubscribe, token)[0]

    def read_open(self, token: str) -> Named:
        """What an open link names. Raises Unverified unless we made it."""
        return _read(self._open, token)[0]

    def read_click(self, token: str) -> tuple[Named, str]:
        """What a click link names, and where it leads. Raises Unverified unless we made it."""
        return _read(self._click, token)


def _text(payload: bytes) -> str:
    """In letters that survive servers which know no capitals."""
    return b32encode(payload).decode("ascii").rstrip("=").lower()


def _signer(purpose: str, keys: Sequence[str]) -> Signer:
    # It wants the newest key last.
    return Signer(list(reversed(keys)), salt=f"touchline.{purpose}", key_derivation="hmac", digest_method=sha256)


def _sign(signer: Signer, tenant_id: UUID, job_id: UUID, url: str = "") -> str:
    payload = base64_encode(tenant_id.bytes + job_id.bytes + url.encode())
    return signer.sign(payload).decode("ascii")


def _read(signer: Signer, token: str) -> tuple[Named, str]:
    try:
        payload = base64_decode(signer.unsign(token))
    except (BadData, UnicodeError) as error:
        raise Unverified("this link was not made here", hint="use the link as it stands in the message") from error
    job, url = payload[_UUID : 2 * _UUID], payload[2 * _UUID :]
    return Named(UUID(bytes=payload[:_UUID]), UUID(bytes=job)), url.decode()
