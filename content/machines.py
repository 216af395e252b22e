"""Who fetched a picture or followed a link: a person's mail program, or a machine on its own account.

Guesses, from what callers say of themselves: a scanner that poses as a browser counts as a person, and whoever is
quicker than people are counts as a machine.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from crawleruseragents import is_crawler

PREFETCH = timedelta(seconds=10)
"""Nobody has read a message as soon as this after its sending."""

_PREFETCHERS = frozenset({"Mozilla/5.0"})
"""Whole user agents. Apple Mail Privacy Protection says only this, and fetches whether or not anybody reads."""
_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy")
"""They fetch when the mail is opened, on behalf of the reader."""
_SCANNERS = re.compile(
    r"\b(?:barracuda\w*|mimecast|proofpoint|symantec|trendmicro|zscaler|virustotal|urldefense|existence discovery)\b",
    re.IGNORECASE,
)
"""Scanners of mail gateways that say who they are, and that no list of crawlers names."""
_MOST = 1000
"""Characters; no browser has so much to say of itself."""


def is_machine(user_agent: str | None) -> bool:
    """Whether a user agent is known to act without a person; a sign, no proof, for most scanners pose as browsers."""
    if user_agent is None or _PROXIES.search(user_agent[:_MOST]):
        return False
    if user_agent.strip() in _PREFETCHERS or len(user_agent) > _MOST:
        return True
    return bool(_SCANNERS.search(user_agent)) or is_crawler(user_agent)


def is_machine_call(headers: Mapping[str, str], *, now: datetime, sent_at: datetime | None) -> bool:
    """Whether a machine, not a person, has called a link of ours.

    `headers` by names in small letters; `sent_at` (UTC) is None while it is not recorded.
    """
    if sent_at is None or now - sent_at < PREFETCH:
        return True
    purpose = " ".join(headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz"))
    return "prefetch" in purpose.lower() or "user-agent" not in headers or is_machine(headers["user-agent"])
