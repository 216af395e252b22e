"""Marking up HTML so that opens and clicks are heard of; everything else of it stays as it was, byte for byte."""

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from content.html_tags import Attribute, tags_of
from content.links import Links

MAX_TARGET = 1400
"""Characters of a target: signed it grows by a third, and some mail programs cut links beyond 2,083."""
_WRITTEN = re.compile(r"https?://([^\s\"'<>/?#{}\\|^`]+)(?=[\s\"'<>/?#]|\Z)", re.IGNORECASE)
_OUTER = "".join(map(chr, range(0x21)))
"""What browsers strip from both ends of an address: the blank and control characters."""


class _Edit(NamedTuple):
    """`text` takes the place of what stands between two offsets."""

    start: int
    end: int
    text: str


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
    hosts = _spelt_out(html if template is None else template)
    edits: list[_Edit] = []
    end = len(html)
    for tag in tags_of(html):
        if tag.closes and tag.name == "body":
            end = tag.start
        elif clicks and not tag.closes and tag.name in ("a", "area"):
            href = next((attribute for attribute in tag.attributes if attribute.name == "href"), None)
            target = href.value.strip(_OUTER) if href else ""
            if href and _is_trackable(target, hosts) and not (keep and target.startswith(keep)):
                edits.append(_led_by_us(href, links.click_url(tenant_id, job_id, target)))
    if opens:
        picture = f'<img src="{escape(links.open_url(tenant_id, job_id))}" width="1" height="1" alt="">'
        edits.append(_Edit(end, end, picture))
    return _edited(html, edits)


def _led_by_us(href: Attribute, url: str) -> _Edit:
    quote = href.quote or '"'
    return _Edit(href.start, href.end, f"{quote}{escape(url)}{quote}")


def _edited(text: str, edits: Sequence[_Edit]) -> str:
    parts, at = [], 0
    for edit in sorted(edits):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


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
