"""The links in what we send: signed, opaque, and readable again for as long as the mail itself.

A link never expires, because a mail may be read after years: keep retired keys in TOUCHLINE_SECRET_KEYS, behind the
one that signs. Nothing personal stands in a link, only ids and, behind a click, the author's own target.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from itsdangerous import BadData, Signer, base64_decode, base64_encode

from domain.errors import Unverified

_UUID = 16
"""Bytes of one."""


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
        self._open = _signer("open", secret_keys)
        self._click = _signer("click", secret_keys)

    def unsubscribe_url(self, tenant_id: UUID, job_id: UUID) -> str:
        """Where one click (RFC 8058) or a page's button unsubscribes whom the message went to."""
        return f"{self._base}/unsubscribe/{_sign(self._unsubscribe, tenant_id, job_id)}"

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
