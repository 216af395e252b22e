"""Inbound texts, the automatic answers that they are owed, and the activity that sends them."""

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from temporalio.testing import ActivityEnvironment

from activities.notices import NoticeOrder, Notices
from domain import ids
from domain.contact import Contact
from domain.events import InboundMessage
from domain.messages import Channel
from providers.registry import Registry
from starter.inbound.notices import owe
from store.inbound import notices
from store.pool import Database
from tests.support.harness import ScriptedProvider

MINUTE = timedelta(minutes=1)
NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
HELP = "Acme: reply STOP to end. Help: help@acme.example"
Kind = Literal["opt_out", "help"]


@dataclass
class Desk:
    """The default tenant's notices, without a Temporal server."""

    database: Database
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)
    providers: Registry = field(init=False)

    def __post_init__(self) -> None:
        self.providers = Registry(dict.fromkeys(self.provider.channels, self.provider))

    async def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        async with self.database.transaction(ids.DEFAULT_TENANT) as tx:
            return [dict(row) for row in await tx.fetch(sql, *args)]

    async def row(self, notice: UUID) -> dict[str, Any]:
        [found] = await self.rows("SELECT * FROM notices WHERE id = $1", notice)
        return found

    async def offer_help(self) -> None:
        """Every tenant has a confirmation; this one gets a help text as well."""
        await self.rows("UPDATE tenants SET help_text = $1", HELP)

    async def ask(
        self, kind: Kind = "opt_out", *, now: datetime = NOW, contact: Contact | None = None, **report: Any
    ) -> UUID | None:
        """What an inbound text is owed; each call is another message of one sender."""
        given = {
            "channel": Channel.SMS,
            "provider": "test",
            "provider_event_id": uuid4().hex,
            "at": now,
            "sender": contact.phone if contact else "+12125550199",
            "text": "please stop texting me",
            **report,
        }
        message = InboundMessage(**given)
        event_id = ids.event_id(ids.DEFAULT_TENANT, message.provider, message.provider_event_id)
        async with self.database.transaction(ids.DEFAULT_TENANT) as tx:
            return await owe(tx, message, event_id, kind, contact.id if contact else None, now)

    async def owes(self, kind: Kind = "opt_out", **report: Any) -> bool:
        return await self.ask(kind, **report) is not None

    async def owed(self, kind: Kind = "opt_out", **report: Any) -> UUID:
        notice = await self.ask(kind, **report)
        assert notice is not None
        return notice

    async def claimed(self, by: str = "scripted", *, now: datetime = NOW) -> UUID:
        """A notice that a worker claimed and then died over."""
        notice = await self.owed(now=now)
        async with self.database.transaction(ids.DEFAULT_TENANT) as tx:
            await notices.begin_sending(tx, notice, by, now)
        return notice

    async def send(self, notice: UUID, at: datetime = NOW) -> str:
        """The activity by itself, on a worker that has seen nothing."""
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(environment.info, started_time=at)
        order = NoticeOrder(tenant_id=ids.DEFAULT_TENANT, notice_id=notice)
        state = await environment.run(Notices(self.database, self.providers).send_notice, order)
        assert (await self.row(notice))["state"] == state
        return str(state)
