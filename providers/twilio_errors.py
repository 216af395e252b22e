"""Twilio's errors in our words: of its error numbers, its HTTP statuses, and no answer at all."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import aiohttp

from domain.errors import (
    AmbiguousError,
    ConfigurationError,
    OutsideHoursError,
    PermanentError,
    SendError,
    TransientError,
)

NAME = "twilio"

_bounced = partial(PermanentError, effect="bounced")
_opted_out = partial(PermanentError, effect="opted_out")

ERRORS: dict[int, Callable[..., SendError]] = {
    # The number will never take a text.
    21211: _bounced,  # not a phone number
    21614: _bounced,  # not a mobile number
    21635: _bounced,  # a landline
    30005: _bounced,  # unknown to its carrier
    30006: _bounced,  # landline or unreachable carrier
    # This message will not get there; another one, or another sender, might.
    21610: _opted_out,  # answered STOP to this sender
    63014: _opted_out,  # blocked by the recipient, who took consent back or blocked the sender in WhatsApp
    63033: _opted_out,  # WhatsApp: opted out of this business's marketing
    21612: PermanentError,  # no route from this sender
    30004: PermanentError,  # blocked by the recipient or carrier
    63003: PermanentError,  # not on WhatsApp: a text message may still reach the number
    63024: PermanentError,  # likewise
    63032: PermanentError,  # WhatsApp: not delivered, by an experiment of Meta's
    63049: PermanentError,  # WhatsApp: Meta thought that the recipient gets enough marketing
    63016: PermanentError,  # WhatsApp: free text more than 24 hours after the contact's last message
    # Every message would fail.
    20003: ConfigurationError,  # credentials
    20005: ConfigurationError,  # account not active
    21212: ConfigurationError,  # sender is not a number
    21603: ConfigurationError,  # no sender
    21606: ConfigurationError,  # sender not ours or not able
    21608: ConfigurationError,  # trial account, unverified recipient
    21703: ConfigurationError,  # messaging service without numbers
    30007: ConfigurationError,  # filtered by carriers
    30034: ConfigurationError,  # sender not registered (A2P 10DLC)
    63007: ConfigurationError,  # WhatsApp: the sender is not set up
    # Later.
    14107: TransientError,
    20429: TransientError,
    21611: TransientError,  # the sender's queue is full
    30001: TransientError,  # queue overflow
    30003: TransientError,  # handset off or out of reach
    30022: TransientError,  # carrier's rate
    30610: OutsideHoursError,  # local rules forbid it at this hour
    63018: TransientError,  # WhatsApp: the sender's rate
    63038: TransientError,  # the account's messages of a day are used up
    # Nobody knows.
    30008: AmbiguousError,
}
"""Twilio's error numbers in our words; a number that is not here is judged by its HTTP status."""


PLAINLY = {
    63016: "WhatsApp takes free text only within 24 hours after the contact's last message: use an approved template",
}
"""What is better said than Twilio says it."""


def lost(error: Exception, *, in_doubt: bool) -> SendError:
    """No answer: in doubt only if something may have been written."""
    text = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return ConfigurationError(NAME, f"the server's certificate is not trusted: {text}")
    if isinstance(error, aiohttp.InvalidURL):
        return ConfigurationError(NAME, f"not a URL: {text} (check TOUCHLINE_TWILIO_BASE_URL)")
    return AmbiguousError(NAME, f"no answer: {text}") if in_doubt else TransientError(NAME, f"not reached: {text}")


def refused(method: str, status: int, text: str, retry_after: str | None) -> SendError:
    """Classify an answer from 300 up."""
    try:
        answer = json.loads(text)
        number, message = int(answer["code"]), str(answer["message"])
    except (ValueError, KeyError, TypeError):
        number, message = status, f"HTTP {status}"
    evidence: dict[str, Any] = {"code": str(number), "status": status, "evidence": text[:500]}
    if status == 429:
        return TransientError(NAME, message, retry_after=_delay(retry_after), **evidence)
    if status >= 500 or status == 408:
        return (AmbiguousError if method == "POST" else TransientError)(NAME, message, **evidence)
    if status < 400 or status in (401, 403, 404):
        return ConfigurationError(NAME, f"{message} (check the TOUCHLINE_TWILIO_ settings)", **evidence)
    message = PLAINLY.get(number, message)
    if number in ERRORS:
        return ERRORS[number](NAME, message, **evidence)
    return PermanentError(NAME, message, **evidence)


def _delay(retry_after: str | None) -> timedelta | None:
    """Retry-After in seconds or as a date (RFC 9110 §10.2.3)."""
    if not retry_after:
        return None
    if retry_after.isdecimal():
        return timedelta(seconds=int(retry_after))
    try:
        return max(parsedate_to_datetime(retry_after) - datetime.now(UTC), timedelta(0))
    except (ValueError, TypeError):
        return None
