"""A raw message (RFC 5322) again, from the fields into which a vendor has taken it apart."""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

_NAME = re.compile(r"[!-9;-~]+")
_BODYS_OWN = frozenset({"content-type", "content-transfer-encoding", "mime-version"})
"""Headers that describe a body which is no longer there."""

_NOTICES = ("message/delivery-status", "message/disposition-notification", "message/feedback-report")
"""What makes a message a report (RFC 6522)."""
REPORT_PARTS = frozenset({*_NOTICES, "message/rfc822", "text/rfc822-headers"})
"""Content types that a report is made of; what else is attached says nothing to us."""

Part = tuple[str, bytes]
"""One of REPORT_PARTS, and its content."""


def rebuild(headers: Iterable[tuple[str, str]], *, text: str, html: str, parts: Sequence[Part] = ()) -> bytes:
    """Equal fields give equal bytes. Headers are raw UTF-8 (RFC 6532), bodies 8bit."""
    bodies: list[tuple[str, bytes]] = [("text/plain; charset=utf-8", text.encode())] if text or not html else []
    if html:
        bodies.append(("text/html; charset=utf-8", html.encode()))
    kept = [line for name, value in headers if name.lower() not in _BODYS_OWN for line in _header(name, value)]
    if len(bodies) + len(parts) == 1:
        (kind, content) = bodies[0]
        own = ["MIME-Version: 1.0", f"Content-Type: {kind}", "Content-Transfer-Encoding: 8bit"]
        return _lines([*kept, *own]) + b"\r\n" + content
    bodies.extend(parts)
    boundary = "=_" + sha256(b"\0".join(content for _, content in bodies)).hexdigest()[:32]
    own = ["MIME-Version: 1.0", f'Content-Type: {_container(parts)}; boundary="{boundary}"']
    mail = [_lines([*kept, *own])]
    for kind, content in bodies:
        mail += [b"\r\n--", boundary.encode(), b"\r\n", _lines([f"Content-Type: {kind}"]), b"\r\n", content]
    return b"".join([*mail, b"\r\n--", boundary.encode(), b"--\r\n"])


def with_envelope(raw: bytes, *, sender: str | None, recipients: Iterable[str]) -> bytes:
    """Puts the envelope on top, as a mailbox does (RFC 5321 4.4); an empty `sender` wants no answer."""
    top = [line for recipient in recipients for line in _header("Delivered-To", recipient)]
    if sender is not None:
        top.append(f"Return-Path: <{_one_line(sender)}>")
    return _lines(top) + raw


def _container(parts: Sequence[Part]) -> str:
    """A message that somebody forwards as an attachment is no report."""
    notice = next((kind for kind, _ in parts if kind in _NOTICES), None)
    if notice is not None:
        return f'multipart/report; report-type="{notice.partition("/")[2]}"'
    return "multipart/mixed" if parts else "multipart/alternative"


def _header(name: str, value: str) -> list[str]:
    return [f"{name}: {_one_line(value)}"] if _NAME.fullmatch(name) else []


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace")
