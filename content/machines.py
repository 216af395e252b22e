"""Does a person open a mail and follow its links, or a machine? Guesses, from what the caller says of itself.

They err to both sides: a scanner that poses as a browser counts as a person, and a person whose mail program loads
pictures by itself may count as a machine.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from crawleruseragents import is_crawler

PREFETCH = timedelta(seconds=10)
"""Whoever is as quick as this after the sending has not read the message."""

_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy")
"""They fetch a picture when its mail is opened, on behalf of the reader."""
_SCANNERS = re.compile(r"barracuda|mimecast|proofpoint|existence discovery|safelinks|symantec|trendmicro|zscaler", re.I)
"""Checkers of mail that no list of crawlers names."""
_APPLE_PREFETCH = "Mozilla/5.0"
"""All that Apple's Mail Privacy Protection says of itself; it loads every picture, read or not."""
_MOST = 1000
"""Characters that a browser's name never has."""


def is_machine(headers: Mapping[str, str], *, now: datetime, sent_at: datetime | None) -> bool:
    """`headers` by names in small letters; `sent_at` is None while the sending is not recorded yet."""
    agent = headers.get("user-agent", "").strip()
    if sent_at is None or now - sent_at < PREFETCH:
        return True
    if "prefetch" in (headers.get("sec-purpose", "") + headers.get("purpose", "") + headers.get("x-moz", "")).lower():
        return True
    if _PROXIES.search(agent):
        return False
    if agent in ("", _APPLE_PREFETCH) or len(agent) > _MOST:
        return True
    return bool(_SCANNERS.search(agent)) or is_crawler(agent)
