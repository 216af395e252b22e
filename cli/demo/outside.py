"""The world outside, for the demo: texts come in by way of Twilio, emails by way of a mail server."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import uuid4

import aiohttp
from twilio.request_validator import RequestValidator

from content.headers import address, mail, mailbox_field, text_field, token_field
from domain.errors import NotReady
from domain.messages import EmailContent

TO_NUMBER = "+12125550100"
"""Ours, as far as the demo is concerned."""
TO_MAILBOX = "touchline@localhost"


@dataclass(frozen=True)
class Outside:
    """Calls the API of the demo as the real senders call a real one."""

    http: aiohttp.ClientSession
    api_url: str
    twilio_account: str
    twilio_token: str
    api_key: str

    async def text(self, sender: str, body: str) -> None:
        """A text message, as Twilio hands it on: a form with its signature."""
        sid = f"SM{uuid4().hex}"
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": self.twilio_account,
            "From": sender,
            "To": TO_NUMBER,
            "Body": body,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
        }
        url = f"{self.api_url}/webhooks/twilio/inbound"
        signature = RequestValidator(self.twilio_token).compute_signature(url, form)
        await self._post(url, form, {"X-Twilio-Signature": signature})

    async def email(self, sender: str, text: str, answered: EmailContent) -> None:
        """An answer to an email, above what it answers, as a mail server hands it on."""
        fields = [
            mailbox_field("From", address(sender)),
            mailbox_field("To", address(TO_MAILBOX)),
            text_field("Subject", f"Re: {answered.subject}"),
            text_field("Date", format_datetime(datetime.now(UTC))),
            token_field("Message-ID", [f"<{uuid4()}@{sender.rpartition('@')[2]}>"]),
            token_field("In-Reply-To", [answered.message_id]),
            token_field("References", [answered.message_id]),
        ]
        quoted = "".join(f"> {line}\n" for line in answered.text.splitlines())
        entity = EmailMessage(policy=SMTP)
        entity.set_content(f"{text}\n\nOn {answered.date:%a, %d %b %Y at %H:%M}, Touchline wrote:\n{quoted}")
        headers = {"Content-Type": "message/rfc822", "Authorization": f"Bearer {self.api_key}"}
        await self._post(f"{self.api_url}/webhooks/email/raw", mail(fields, entity), headers)

    async def _post(self, url: str, data: Mapping[str, str] | bytes, headers: Mapping[str, str]) -> None:
        try:
            async with self.http.post(url, data=data, headers=headers) as answer:
                if not answer.ok:
                    raise NotReady(f"{url} answered {answer.status}: {await answer.text()}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotReady(f"{url} cannot be reached: {error or type(error).__name__}") from error


@asynccontextmanager
async def outside(api_url: str, *, twilio_account: str, twilio_token: str, api_key: str) -> AsyncIterator[Outside]:
    """Connections for as long as the block lasts."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
        yield Outside(http, api_url, twilio_account, twilio_token, api_key)
