"""The one automatic answer that an inbound message may get: when it is owed, and until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from domain.events import InboundMessage
from domain.messages import Channel
from providers.inbound import twilio
from store.inbound import notices
from store.inbound.notices import NoticeKind


@dataclass(frozen=True)
class _Terms:
    kind: NoticeKind
    within: timedelta
    """After the message that it answers."""
    once_in: timedelta
    """No second one to the same address: one is all that is permitted, and two machines must not answer each other."""


_TERMS: dict[Literal["opt_out", "help"], _Terms] = {
    # 47 CFR 64.1200(a)(12): one text, within five minutes.
    "opt_out": _Terms("confirmation", within=timedelta(minutes=5), once_in=timedelta(hours=24)),
    "help": _Terms("help", within=timedelta(hours=1), once_in=timedelta(hours=1)),
}


async def owe(
    tx: asyncpg.Connection,
    report: InboundMessage,
    event_id: UUID,
    kind: Literal["opt_out", "help"],
    contact_id: UUID | None,
    now: datetime,
) -> UUID | None:
    """Owe an answer, in the transaction that records the message; None: nothing is owed.

    `report.sender` is in the spelling under which addresses are stored. Tell `Runs.start_notice` after the commit;
    what it does not hear, the reconciler starts.
    """
    terms = _TERMS[kind]
    expires_at = min(report.at, now) + terms.within
    if report.channel is Channel.EMAIL or _is_answered(report, kind) or expires_at <= now:
        return None
    notice_id = ids.notice_id(event_id)
    owed = await notices.owe(
        tx,
        notice_id,
        event_id,
        terms.kind,
        report,
        contact_id,
        unless_since=now - terms.once_in,
        expires_at=expires_at,
        now=now,
    )
    return notice_id if owed else None


def _is_answered(report: InboundMessage, kind: Literal["opt_out", "help"]) -> bool:
    """Whether the provider has answered by itself."""
    if report.declared is not None:
        return True
    # HELP alone is answered by Twilio too, but in words that do not say who we are.
    by_twilio = report.provider == twilio.TwilioWebhook.name
    return by_twilio and kind == "opt_out" and report.text.strip().upper() in twilio.STOP_WORDS
