"""Marking up HTML so that opens and clicks are heard of; everything else of it stays as it was, byte for byte."""

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from content.links import Links

MAX_TARGET = 1400
"""Characters of a target: signed it grows by a third, and some mail programs cut links beyond 2,083."""
_WRITTEN = re.compile(r"https?://([^\s\"'<>/?#{}\\|^`]+)(?=[\s\"'<>/?#]|\Z)", re.IGNORECASE)


class _Edit(NamedTuple):
    """`text` takes the place of what stands between two offsets."""

    start: int
    end: int
    text: str


class _Markup(HTMLParser):
    """Where an HTML text has links to the web, and where its body ends."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.links: list[tuple[int, str, str, Sequence[tuple[str, str | None]]]] = []
        """(offset, the tag as written, its name, its attributes)"""
        self.body_end: int | None = None
        self._lines = [0]
        for line in html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        # Never closed: what begins and does not end is no markup, and looking for its end again and again is quadratic.
        self.feed(html)

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("a", "area"):
            self.links.append((self._offset(), self.get_starttag_text() or "", tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag == "body":
            self.body_end = self._offset()


def mark_up(
    html: str,
    links: Links,
    tenant_id: UUID,
    job_id: UUID,
    *,
    opens: bool,
    clicks: bool,
    keep: str | None = None,
    template: str | None = None,
) -> str:
    """The HTML with its web links led by way of us (`clicks`) and a picture at its end (`opens`).

    A link that begins with `keep` stays as it is, and so does one to a host that `template`, by which the HTML was
    made, does not spell out: a contact's field would be signed, and our domain lead wherever a stranger likes.
    """
    markup = _Markup(html)
    hosts = _spelt_out(html if template is None else template)
    edits: list[_Edit] = []
    for start, written, tag, attributes in markup.links if clicks else ():
        target = next((value or "" for name, value in attributes if name == "href"), "").strip()
        if _is_trackable(target, hosts) and not (keep and target.startswith(keep)):
            tracked = links.click_url(tenant_id, job_id, target)
            edits.append(_Edit(start, start + len(written), _tag(tag, attributes, tracked)))
    if opens:
        end = len(html) if markup.body_end is None else markup.body_end
        picture = f'<img src="{escape(links.open_url(tenant_id, job_id))}" width="1" height="1" alt="">'
        edits.append(_Edit(end, end, picture))
    return _edited(html, edits)


def _edited(text: str, edits: Sequence[_Edit]) -> str:
    parts, at = [], 0
    for edit in sorted(edits):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def _tag(name: str, attributes: Sequence[tuple[str, str | None]], href: str) -> str:
    values = [(key, href if key == "href" else value) for key, value in attributes]
    written = (key if value is None else f'{key}="{escape(value)}"' for key, value in values)
    return f"<{' '.join([name, *written])}>"


def _spelt_out(template: str) -> frozenset[str]:
    """Hosts, with their ports, that an author wrote whole: behind one stands what ends it, and no merge field."""
    return frozenset(match[1].lower() for match in _WRITTEN.finditer(template))


def _is_trackable(target: str, hosts: frozenset[str]) -> bool:
    if len(target) > MAX_TARGET or not target.isprintable() or " " in target:
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() in hosts
