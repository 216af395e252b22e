"""Calls as Twilio makes them, signed by Twilio's own validator."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from multidict import MultiDict
from twilio.request_validator import RequestValidator

from providers.inbound.base import WebhookRequest
from providers.inbound.twilio import TwilioWebhook

TOKEN = "12345678901234567890123456789012"
ACCOUNT = "AC00000000000000000000000000000001"
SID = "SM00000000000000000000000000000002"
ROOT = "https://touch.example.com/in"
INBOUND, STATUS = f"{ROOT}/webhooks/twilio/inbound", f"{ROOT}/webhooks/twilio/status"
AT = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
HOOK = TwilioWebhook([TOKEN], ACCOUNT)

# As Twilio sends a text from a US number, blank fields included.
REPLY = {
    "ToCountry": "US",
    "ToState": "NY",
    "SmsMessageSid": SID,
    "NumMedia": "0",
    "ToCity": "",
    "FromZip": "10001",
    "SmsSid": SID,
    "FromState": "NY",
    "SmsStatus": "received",
    "FromCity": "NEW YORK",
    "Body": "Ja, gern! ¿Cuándo? 👍 & more = 100%+",
    "FromCountry": "US",
    "To": "+12125550100",
    "ToZip": "",
    "NumSegments": "1",
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": "+12125550199",
    "ApiVersion": "2010-04-01",
}
DELIVERED = {
    "SmsSid": SID,
    "SmsStatus": "delivered",
    "MessageStatus": "delivered",
    "To": "+12125550199",
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": "+12125550100",
    "ApiVersion": "2010-04-01",
}
Fields = Mapping[str, str] | list[tuple[str, str]]


def call(
    fields: Fields, url: str = INBOUND, *, token: str = TOKEN, signed_url: str | None = None, **changes: Any
) -> WebhookRequest:
    """A call as Twilio makes it."""
    pairs = list(fields.items()) if isinstance(fields, Mapping) else fields
    signature = RequestValidator(token).compute_signature(signed_url or url, MultiDict(pairs))
    given = {
        "url": url,
        "headers": {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"},
        "body": urlencode(pairs).encode(),
        "received_at": AT,
    }
    return WebhookRequest(**{**given, **changes})


def without(fields: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in names}


def json_call(body: bytes, *, hashed: bytes | None = None, url: str = INBOUND) -> WebhookRequest:
    """A call with a JSON body, whose hash Twilio puts into the URL that it signs."""
    url = f"{url}?bodySHA256={sha256(body if hashed is None else hashed).hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    return WebhookRequest(url, {"x-twilio-signature": signature, "content-type": "application/json"}, body, AT)
