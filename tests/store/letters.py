"""A tenant that writes to its contacts and hears of it: the real database and deliveries, without workflows."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

from domain import ids
from domain.contact import Contact
from domain.enrollment import ExecuteInput, StepResult
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel
from providers.registry import Registry
from settings import Settings
from starter.engine import Engine
from starter.inbound.receive import receive
from starter.runs import Runs
from starter.workspace import tenant_settings
from store.enrollments.signals import OpenSignal
from store.inbound.reception import Received
from store.pool import Database
from tests.support.harness import Rig, ScriptedProvider

TEAM, TEAM_PHONE = "team@acme.example", "+12125550000"
STRANGER = "somebody.else@example.net"
EMAILS = """
    sequence: emails
    shared_addresses: allow
    steps:
      - {id: one, type: email, subject: "One", body: "First."}
      - {id: wait, type: delay, days: 3}
      - {id: two, type: email, subject: "Two", body: "Second."}
      - {id: rest, type: delay, days: 3}
      - {id: three, type: email, subject: "Three", body: "Third."}
"""
TEXTS = """
    sequence: texts
    shared_addresses: allow
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: second, type: sms, body: "Hello again."}
"""


class _Silent:
    """Temporal, which hears everything and does nothing."""

    def __init__(self) -> None:
        self.told: list[OpenSignal] = []

    async def start(self, *_: object, **__: object) -> None:
        pass

    async def start_notice(self, *_: object) -> None:
        pass

    async def tell(self, word: OpenSignal) -> None:
        self.told.append(word)


@dataclass
class Letters(Rig):
    """What a test says and hears; nothing happens by itself."""

    provider: ScriptedProvider = field(default_factory=ScriptedProvider)

    @property
    def told(self) -> list[OpenSignal]:
        """What the workflows were told, in order."""
        return cast(_Silent, self.engine.runs).told

    async def deliver(self, enrollment: UUID, *nodes: str) -> StepResult:
        """Send these messages, now; answers what the last one led to."""
        for node in nodes:
            order = ExecuteInput(tenant_id=self.engine.tenant_id, enrollment_id=enrollment, node_id=node)
            result: StepResult = await self.by_itself(self.deliveries().deliver, order)
        return result

    async def written_to(self, text: str, *nodes: str, to: Contact | None = None) -> tuple[UUID, Contact]:
        """A contact who is in the sequence and was sent these messages."""
        contact = to or await self.contact()
        [enrollment] = await self.enroll(await self.publish(text), contact)
        if nodes:
            await self.deliver(enrollment, *nodes)
        return enrollment, contact

    async def hears(self, type: EventType, **fields: Any) -> Received:
        """A status report of the provider that sends, unless `fields` say otherwise."""
        given = {
            "channel": Channel.EMAIL,
            "provider": self.provider.name,
            "provider_event_id": uuid4().hex,
            "at": datetime.now(UTC),
            **fields,
        }
        return await receive(self.engine, StatusReport(type=type, **given))

    async def gets(self, sender: str, text: str = "Tell me more.", **fields: Any) -> Received:
        """A message that somebody sends to us; an email unless `fields` say otherwise."""
        given = {
            "channel": Channel.EMAIL,
            "provider": "inbox",
            "provider_event_id": uuid4().hex,
            "at": datetime.now(UTC),
            **fields,
        }
        return await receive(self.engine, InboundMessage(sender=sender, text=text, **given))

    async def texted(self, contact: Contact, text: str, **fields: Any) -> Received:
        """The same by text message, from the contact's number."""
        return await self.gets(contact.phone or "", text, channel=Channel.SMS, **fields)

    async def is_live(self, enrollment: UUID) -> bool:
        return (await self.enrollment(enrollment))["ended_at"] is None

    async def barred(self) -> dict[tuple[str, str], str]:
        """(channel, address) → reasons, of those that may not be written to."""
        rows = await self.rows(
            "SELECT channel, address, string_agg(reason, ' ' ORDER BY reason) AS reasons FROM suppressions"
            " WHERE active GROUP BY 1, 2"
        )
        return {(row["channel"], row["address"]): row["reasons"] for row in rows}

    async def decides(self, setting: str, value: object) -> None:
        """The workspace changes one of its settings."""
        async with self.engine.transaction() as tx:
            await tenant_settings.change(tx, {setting: value})

    def job_id(self, enrollment: UUID, node: str) -> UUID:
        return ids.job_id(enrollment, node)

    def message_id(self, node: str) -> str:
        """Under which the email of this node was handed over."""
        [found] = [
            str(getattr(m.content, "message_id", ""))
            for m in self.provider.handed_over
            if getattr(m.content, "subject", None) == node.capitalize()
        ]
        return found


def letters_on(database: Database, folder: Path) -> Letters:
    settings = Settings(outbox_dir=folder, email_provider="outbox", sms_provider="outbox")
    provider = ScriptedProvider()
    engine = Engine(
        database=database,
        runs=cast(Runs, _Silent()),
        providers=Registry(dict.fromkeys(Channel, provider)),
        tenant_id=settings.tenant,
        own_addresses=frozenset({TEAM, TEAM_PHONE}),
    )
    return Letters(engine, settings, provider=provider)
