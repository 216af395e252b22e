"""The vendors whose webhooks we read: how each proves its calls, and what it says. One entry adds a vendor."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks.webhooks import Webhook as Signer
from twilio.request_validator import RequestValidator

from domain.events import EventType
from providers.inbound import postmark, resend, sendgrid, twilio
from providers.inbound.base import Webhook, WebhookRequest

JOB = UUID("7d444840-9dc0-5d48-8b3e-0a9c1c2f3e4d")
"""What every sample names: by tag, by metadata, by address."""
ROOT = "https://touch.example.com/webhooks"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/133.0.0.0 Safari/537.36"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
APPLE = "Mozilla/5.0"


@dataclass(frozen=True)
class Secret:
    """What we are told, and what the vendor proves its calls with."""

    ours: str
    theirs: Any


@dataclass(frozen=True)
class Sample:
    """One call in the vendor's own shape, and what it means."""

    word: str
    payload: dict[str, Any]
    type: EventType
    means: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the report."""


@dataclass(frozen=True)
class Vendor:
    """How to speak like one."""

    name: str
    build: Callable[[Sequence[str]], Webhook]
    secrets: tuple[Secret, Secret, Secret]
    """The first two are configured."""
    prove: Callable[[WebhookRequest, Secret], Mapping[str, str]]
    """The headers by which the call is believed."""
    words: frozenset[str]
    samples: tuple[Sample, ...]
    unknown: dict[str, Any]
    """A call with a word that the vendor has not said yet."""
    broken: tuple[bytes, ...]
    encode: Callable[[Any], bytes] = lambda payload: json.dumps(payload).encode()
    content_type: str = "application/json"
    path: str = ""
    covers_body: bool = True
    """The proof is over the body; a login is not."""
    patience: timedelta | None = None
    """How old a proof may be; None: it has no time."""

    def call(self, body: bytes, secret: Secret, at: datetime | None = None) -> WebhookRequest:
        """A call as it arrives, proven at `at`, now if None."""
        url = f"{ROOT}/{self.path or f'email/{self.name}'}"
        bare = WebhookRequest(url, {"content-type": self.content_type}, body, at or datetime.now(UTC))
        return WebhookRequest(url, {**bare.headers, **self.prove(bare, secret)}, body, datetime.now(UTC))


def variants(
    name: str, table: Mapping[str, Sequence[tuple[EventType, dict[str, Any], dict[str, Any]]]]
) -> list[Sample]:
    """Each word's payload as it stands in the file, with the changes and meanings of each line of the table."""
    payloads = json.loads(Path(__file__).with_name(f"{name}.json").read_text())
    return [
        Sample(word, merged(payloads[word], changes), type_, means)
        for word, lines in table.items()
        for type_, changes, means in lines
    ]


def merged(payload: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`changes` over `payload`; an object changes the object in its place."""
    return payload | {
        name: merged(payload[name], value) if isinstance(value, dict) and isinstance(payload.get(name), dict) else value
        for name, value in changes.items()
    }


def once(type_: EventType, **means: Any) -> list[tuple[EventType, dict[str, Any], dict[str, Any]]]:
    """The payload as it stands."""
    return [(type_, {}, means)]


# --- Resend: Svix ------------------------------------------------------------------------------------------------


def svix(call: WebhookRequest, secret: Secret) -> dict[str, str]:
    identity = "msg_2W2D3qXLS5fOaPja1GDg7rF2CwB"
    signature = Signer(secret.theirs).sign(identity, call.received_at, call.body.decode("utf-8", "replace"))
    return {
        "svix-id": identity,
        "svix-timestamp": str(int(call.received_at.timestamp())),
        "svix-signature": f"v1a,bm90IG91cnM= {signature}",
    }


def whsec(seed: str) -> Secret:
    secret = "whsec_" + b64encode(seed.encode() * 4).decode()
    return Secret(secret, secret)


RESEND = Vendor(
    name="resend",
    build=resend.ResendWebhook,
    secrets=(whsec("first1"), whsec("second"), whsec("other1")),
    prove=svix,
    words=frozenset(resend.EVENTS),
    patience=timedelta(minutes=5),
    samples=tuple(
        variants(
            "resend",
            {
                "email.scheduled": once(EventType.QUEUED),
                "email.sent": [
                    (EventType.SENT, {}, {"message_ids": (f"<{JOB}@acme.example>",)}),
                    (EventType.SENT, {"data": {"tags": [{"name": "touchline_job", "value": str(JOB)}]}}, {}),
                    (
                        EventType.SENT,
                        {"data": {"tags": None, "headers": [{"name": "X-Touchline-Job", "value": str(JOB)}]}},
                        {},
                    ),
                ],
                "email.delivered": once(EventType.DELIVERED),
                "email.delivery_delayed": once(EventType.DEFERRED),
                "email.bounced": [
                    (EventType.BOUNCED, {}, {"permanent": True, "code": "Permanent/General"}),
                    (EventType.BOUNCED, {"data": {"bounce": {"type": "Transient"}}}, {"permanent": False}),
                    (EventType.BOUNCED, {"data": {"bounce": {"type": "Undetermined"}}}, {"permanent": False}),
                ],
                "email.suppressed": once(EventType.BOUNCED, permanent=True),
                "email.complained": once(EventType.COMPLAINED),
                "email.opened": once(EventType.OPENED),
                "email.clicked": [
                    (EventType.CLICKED, {}, {"url": "https://acme.example/offer?x=1", "machine": False}),
                    (EventType.CLICKED, {"data": {"click": {"userAgent": "Mimecast"}}}, {"machine": True}),
                ],
                "email.failed": once(EventType.FAILED, detail="reached_daily_quota"),
                "email.received": once(
                    EventType.INBOUND, sender="zoe@example.com", message_id="<111-222@mail.example.com>"
                ),
            },
        )
    ),
    unknown={"type": "email.teleported", "created_at": "2027-02-22T23:41:12.126Z", "data": {"email_id": [1]}},
    broken=(
        b'{"type":"email.sent"}',
        b'{"type":"email.sent","created_at":"soon","data":{}}',
        b'{"type":"x","created_at":"0001-01-01T00:00:00+14:00","data":{}}',
    ),
)

# --- Postmark: a login in the URL --------------------------------------------------------------------------------


def login(call: WebhookRequest, secret: Secret) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(secret.theirs.encode()).decode()}


def both(text: str) -> Secret:
    return Secret(text, text)


def bounces() -> Iterator[tuple[EventType, dict[str, Any], dict[str, Any]]]:
    for name, (type_, permanent) in postmark.BOUNCES.items():
        yield type_, {"Type": name}, {"permanent": permanent, "code": name}
    for name in ("Subscribe", "OpenRelayTest", "Unknown", "NeverSeen"):
        yield EventType.UNKNOWN, {"Type": name}, {}


POSTMARK = Vendor(
    name="postmark",
    build=postmark.PostmarkWebhook,
    secrets=(both("hook:Zürich: 1"), both("hook:second"), both("hook:other")),
    prove=login,
    words=frozenset(postmark.RECORDS),
    covers_body=False,
    samples=tuple(
        variants(
            "postmark",
            {
                "Delivery": once(EventType.DELIVERED),
                "Bounce": [
                    *bounces(),
                    (EventType.BOUNCED, {"Type": "HardBounce"}, {"permanent": True}),
                    (EventType.BOUNCED, {"Type": "SoftBounce"}, {"permanent": False}),
                    (EventType.DEFERRED, {"Type": "Transient"}, {}),
                    (EventType.AUTORESPONDED, {"Type": "AutoResponder"}, {}),
                ],
                "SpamComplaint": once(EventType.COMPLAINED),
                "Open": [
                    (EventType.OPENED, {"UserAgent": BROWSER}, {"machine": False}),
                    (EventType.OPENED, {"UserAgent": GMAIL}, {"machine": False}),
                    (EventType.OPENED, {"UserAgent": APPLE}, {"machine": True}),
                    (EventType.OPENED, {"UserAgent": None}, {"machine": False}),
                ],
                "Click": once(EventType.CLICKED, url="https://acme.example/offer", machine=False),
                "SubscriptionChange": [
                    (EventType.UNSUBSCRIBED, {}, {}),
                    (EventType.UNSUBSCRIBED, {"SuppressionReason": "SomethingNew"}, {}),
                    (EventType.BOUNCED, {"SuppressionReason": "HardBounce"}, {"permanent": True}),
                    (EventType.COMPLAINED, {"SuppressionReason": "SpamComplaint"}, {}),
                    (EventType.SUBSCRIBED, {"SuppressSending": False, "SuppressionReason": None}, {}),
                    (EventType.UNKNOWN, {"SuppressSending": False, "Origin": "Customer"}, {}),
                ],
                "Inbound": once(EventType.INBOUND, sender="zoe@example.com", text="Ja, gern! Wann passt es?"),
            },
        )
    ),
    unknown={"RecordType": "Teleport", "MessageID": [1]},
    broken=(
        b'{"RecordType":"Open","MessageID":5}',
        b'{"RecordType":"Delivery","DeliveredAt":"soon"}',
        b'{"RecordType":"Delivery","DeliveredAt":"9999-12-31T23:59:59-14:00"}',
    ),
)

# --- SendGrid: ECDSA ---------------------------------------------------------------------------------------------


def ecdsa(call: WebhookRequest, secret: Secret) -> dict[str, str]:
    stamp = str(int(call.received_at.timestamp()))
    signature = secret.theirs.sign(stamp.encode() + call.body, ec.ECDSA(SHA256()))
    return {
        "x-twilio-email-event-webhook-timestamp": stamp,
        "x-twilio-email-event-webhook-signature": b64encode(signature).decode(),
    }


def curve_key() -> Secret:
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Secret(b64encode(public).decode(), private)


def form(fields: Mapping[str, bytes | str], files: Sequence[tuple[str, str, bytes]] = ()) -> bytes:
    """multipart/form-data with the boundary that SendGrid uses."""
    out = []
    for name, value in fields.items():
        content = value if isinstance(value, bytes) else value.encode()
        out.append(f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n")
    for number, (filename, kind, content) in enumerate(files, start=1):
        disposition = f'form-data; name="attachment{number}"; filename="{filename}"'
        head = f"--xYzZY\r\nContent-Disposition: {disposition}\r\nContent-Type: {kind}\r\n\r\n"
        out.append(head.encode() + content + b"\r\n")
    return b"".join([*out, b"--xYzZY--\r\n"])


FORM = "multipart/form-data; boundary=xYzZY"

SENDGRID = Vendor(
    name="sendgrid",
    build=sendgrid.SendGridWebhook,
    secrets=(curve_key(), curve_key(), curve_key()),
    prove=ecdsa,
    words=frozenset(sendgrid.EVENTS),
    patience=timedelta(hours=25),
    encode=lambda payload: json.dumps([payload], indent=1).encode(),
    samples=tuple(
        variants(
            "sendgrid",
            {
                "processed": once(EventType.QUEUED, message_ids=(f"<{JOB}@acme.example>",)),
                "deferred": once(EventType.DEFERRED, detail="400 try again later"),
                "delivered": once(EventType.DELIVERED, provider_message_id="14c5d75ce93"),
                "bounce": [
                    (EventType.BOUNCED, {}, {"permanent": True, "code": "5.1.1"}),
                    (EventType.BOUNCED, {"type": "blocked"}, {"permanent": False}),
                ],
                "dropped": [
                    (EventType.FAILED, {}, {"detail": "Spam Content"}),
                    (EventType.BOUNCED, {"reason": "Bounced Address"}, {"permanent": True}),
                    (EventType.BOUNCED, {"reason": "Invalid", "sg_event_id": None}, {"permanent": True}),
                    (EventType.UNSUBSCRIBED, {"reason": "Unsubscribed Address"}, {}),
                    (EventType.COMPLAINED, {"reason": "Spam Reporting Address"}, {}),
                ],
                "open": [
                    (EventType.OPENED, {}, {"machine": False}),
                    (EventType.OPENED, {"sg_machine_open": True}, {"machine": True}),
                    (EventType.OPENED, {"sg_machine_open": None, "useragent": APPLE}, {"machine": True}),
                ],
                "click": once(EventType.CLICKED, url="https://acme.example/offer", machine=False),
                "spamreport": once(EventType.COMPLAINED),
                "unsubscribe": once(EventType.UNSUBSCRIBED),
                "group_unsubscribe": once(EventType.UNSUBSCRIBED),
                "group_resubscribe": once(EventType.SUBSCRIBED),
            },
        )
    ),
    unknown={"event": "teleported", "timestamp": 1803340800, "sg_event_id": "x"},
    broken=(
        b"{}",
        b'[{"event":"open"}]',
        b'[{"event":"open","timestamp":1e300}]',
        b'[{"event":"open","timestamp":1}]',
        b"[[]]",
    ),
)

# --- Twilio: HMAC over the URL and the form ----------------------------------------------------------------------


def hmac(call: WebhookRequest, secret: Secret) -> dict[str, str]:
    text = call.body.decode()
    fields = dict(part.split("=", 1) for part in text.split("&")) if "=" in text else {}
    return {"x-twilio-signature": RequestValidator(secret.theirs).compute_signature(call.url, fields)}


def status(name: str, type_: EventType, **fields: str) -> Sample:
    base = {"MessageSid": "SM2", "AccountSid": "AC1", "To": "12125550199", "From": "12125550100"}
    return Sample(name, base | {"MessageStatus": name} | fields, type_)


TWILIO = Vendor(
    name="twilio",
    build=twilio.TwilioWebhook,
    secrets=(both("1" * 32), both("2" * 32), both("3" * 32)),
    prove=hmac,
    words=frozenset({"queued", "sent", "delivered", "undelivered"}),
    encode=lambda payload: urlencode(payload).encode(),
    content_type="application/x-www-form-urlencoded",
    path=f"twilio/status?job={JOB}",
    samples=(
        status("queued", EventType.QUEUED),
        status("sent", EventType.SENT),
        status("delivered", EventType.DELIVERED),
        status("undelivered", EventType.FAILED),
        status("undelivered", EventType.BOUNCED, ErrorCode="30005"),
    ),
    unknown=status("teleported", EventType.UNKNOWN).payload,
    broken=(b"", b"MessageStatus=sent"),
)

VENDORS = (RESEND, POSTMARK, SENDGRID, TWILIO)


def mail(**headers: str) -> EmailMessage:
    """An answer to the message that the samples are about."""
    message = EmailMessage()
    given = {
        "From": "Zoë Lund <zoe@example.com>",
        "To": "sales@acme.example",
        "Subject": "Re: Sending this example",
        "Message-ID": "<111-222@mail.example.com>",
        "In-Reply-To": f"<{JOB}@acme.example>",
        "Date": "Mon, 22 Feb 2027 14:03:00 +0100",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in given.items():
        message[name] = value
    message.set_content("Ja, gern! Wann passt es?\n\n> Hello Zoë\n> unsubscribe here\n")
    return message
