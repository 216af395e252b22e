"""A whole engine for one test: its own database and task queue, a worker, and an outbox or a scripted provider."""

import asyncio
import dataclasses
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from temporalio.api.testservice.v1 import LockTimeSkippingRequest, SleepRequest, UnlockTimeSkippingRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Worker

from activities.deliver import Deliveries
from activities.version_cache import Versions
from authoring.check import check
from composition import composer_of, links_of, registry_of, worker_of
from domain import ids
from domain.contact import Contact
from domain.enrollment import Ending, Visit
from domain.events import InboundMessage
from domain.messages import Channel, Lookup, OutgoingMessage, Receipt, TextContent, Unknown
from providers.base import LastLook, Later, Line, Provider, Soon, Unbounded
from providers.outbox import OutboxEntry, list_outbox
from providers.registry import Registry
from scheduling.zones import load_zone
from settings import Settings
from starter.engine import Engine
from starter.enrollments.enroll import chosen, enroll
from starter.inbound.receive import receive
from starter.runs import Runs
from starter.sequences.publish import publish
from store.contacts import contacts
from store.enrollments import ledger
from store.inbound.reception import Received
from store.pool import Database
from tests.support.helpers import assert_eventually

Moment = TypeVar("Moment", datetime, timedelta)
Answer = Receipt | Exception | Callable[[OutgoingMessage], Awaitable[Receipt]]


@dataclass
class ScriptedProvider:
    """Answers each hand-over and each question as the test wrote down; after the script it takes everything over."""

    answers: deque[Answer] = field(default_factory=deque)
    lookups: deque[Lookup] = field(default_factory=deque)
    handed_over: list[OutgoingMessage] = field(default_factory=list)
    asked: int = 0
    name: str = "scripted"
    channels: frozenset[Channel] = frozenset(Channel)

    def free_line(self, tenant_id: UUID) -> Line | Soon | Later:
        return Unbounded()

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        await clear()
        self.handed_over.append(message)
        answer = self.answers.popleft() if self.answers else receipt(message)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Receipt) else await answer(message)

    async def lookup(self, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
        self.asked += 1
        return self.lookups.popleft() if self.lookups else Unknown(reason="it cannot be asked")

    async def check(self) -> str:
        return "scripted"

    async def close(self) -> None:
        pass


def receipt(message: OutgoingMessage) -> Receipt:
    return Receipt(provider="scripted", provider_message_id=f"scripted-{message.job_id}")


@dataclass
class SlowAnswer:
    """A hand-over that is under way until the test lets it go."""

    outcome: Receipt | Exception | None = None
    """None: it is taken over."""
    under_way: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, message: OutgoingMessage) -> Receipt:
        self.under_way.set()
        await self.let_go.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome or receipt(message)


HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SLACK = timedelta(seconds=30)
"""What the steps themselves may take on a slow machine."""
_PATIENCE_S = 180.0
"""For what takes as long as a machine takes for it: only a test that hangs comes to this end."""


def about(expected: Moment, found: Moment | None) -> bool:
    """Equal, but for what the steps themselves take."""
    assert found is not None
    return abs(found - expected) <= SLACK


async def result_of(workflow: WorkflowHandle[Any, Any]) -> Any:
    """What it answers at its end."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            try:
                return await workflow.result()
            except RuntimeError as error:
                # The time-skipping server lets nobody wait for longer than 20 s.
                if "No completion event found" not in str(error):
                    raise


@dataclass
class Rig:
    """What a test says to the engine, and what it reads back."""

    engine: Engine
    settings: Settings
    environment: WorkflowEnvironment | None = None
    """The time-skipping server; None on the dev server."""

    def worker(self) -> Worker:
        return worker_of(self.settings, self.engine)

    # --- say ---------------------------------------------------------------------------------------------

    async def publish(self, text: str) -> str:
        checked = check(text)
        assert checked.ok, checked.diagnostics
        assert checked.plan is not None
        await publish(self.engine, checked)
        return checked.plan.sequence

    async def contact(self, **fields: Any) -> Contact:
        """A contact of its own addresses, in New York unless `zones` says otherwise."""
        new = ids.new_id()
        given = {
            "id": new,
            "external_id": new.hex,
            "name": "Ada Lovelace",
            "email": f"ada.{new.hex[:12]}@example.com",
            "phone": f"+1212{2_000_000 + new.int % 8_000_000}",  # of New York's plan, whatever is drawn
            "zones": ("America/New_York",),
            **fields,
        }
        contact = Contact(**given)
        async with self.engine.transaction() as tx:
            await contacts.upsert(tx, [contact])
        return contact

    async def enroll(self, key: str, *people: Contact) -> list[UUID]:
        """Enrollment ids in the order of `people`."""
        report = await enroll(self.engine, key, chosen(self.engine, [c.external_id for c in people]))
        assert len(report.enrolled) == len(people), report
        found = await self.rows("SELECT id, contact_id FROM enrollments WHERE id = ANY($1)", report.enrolled)
        by_contact = {row["contact_id"]: row["id"] for row in found}
        return [by_contact[c.id] for c in people]

    async def start(self, text: str, **fields: Any) -> tuple[UUID, Contact]:
        """Publish, make a contact and enroll it."""
        key = await self.publish(text)
        contact = await self.contact(**fields)
        [enrollment] = await self.enroll(key, contact)
        return enrollment, contact

    async def reply(self, contact: Contact, text: str = "Tell me more.", **fields: Any) -> Received:
        """An inbound email, unless `channel` says otherwise."""
        channel = fields.pop("channel", Channel.EMAIL)
        message = InboundMessage(
            channel=channel,
            provider="test",
            sender=contact.address_for(channel) or "",
            text=text,
            at=datetime.now(UTC),
            **{"provider_event_id": uuid4().hex, **fields},
        )
        return await receive(self.engine, message)

    def deliveries(self) -> Deliveries:
        """The delivering activity of a worker that has seen nothing yet."""
        return Deliveries(
            self.engine.database, self.engine.providers, composer_of(self.settings), Versions(), self.engine.runs
        )

    async def by_itself(self, activity: Callable[..., Awaitable[Any]], *args: Any, at: datetime | None = None) -> Any:
        """Run an activity without a workflow, at the server's present time unless `at` says otherwise."""
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(environment.info, started_time=at or await self.now())
        return await environment.run(activity, *args)

    async def claim(self, enrollment_id: UUID, contact: Contact, node_id: str, text: str = "Frozen.") -> None:
        """Claim a text message, as a worker does that dies right afterwards."""
        message = OutgoingMessage(
            tenant_id=self.engine.tenant_id,
            job_id=ids.job_id(enrollment_id, node_id),
            to=contact.phone or "",
            content=TextContent(body=text),
        )
        async with self.engine.transaction() as tx:
            ledger.begin_sending(tx, Visit(enrollment_id, node_id), message, "scripted", await self.now())

    async def skip(self, duration: timedelta) -> None:
        """Let this much time pass on the time-skipping server, whatever happens in it."""
        assert self.environment is not None
        request = SleepRequest()
        request.duration.FromTimedelta(duration)
        clock = self.environment.client.test_service
        await clock.unlock_time_skipping_with_sleep(request, timeout=timedelta(seconds=_PATIENCE_S))

    async def until_noon(self, zone: str) -> datetime:
        """Skip to the next noon there, so that no day ends while a test counts days; answers it, by that clock."""
        now = await self.now()
        noon = now.astimezone(load_zone(zone)).replace(hour=12, minute=0, second=0, microsecond=0)
        if noon <= now:
            noon += DAY
        await self.skip(noon.astimezone(UTC) - now)
        return noon

    @asynccontextmanager
    async def time_flies(self) -> AsyncIterator[None]:
        """On the time-skipping server, every wait is over as soon as nothing else is to do."""
        if self.environment is None:
            yield
            return
        clock = self.environment.client.test_service
        await clock.unlock_time_skipping(UnlockTimeSkippingRequest())
        try:
            yield
        finally:
            await clock.lock_time_skipping(LockTimeSkippingRequest())

    async def now(self) -> datetime:
        """The server's clock."""
        return await self.environment.get_current_time() if self.environment else datetime.now(UTC)

    # --- read --------------------------------------------------------------------------------------------

    async def ended(self, enrollment_id: UUID) -> tuple[str, str | None]:
        """Status and reason that the workflow ended with; on the time-skipping server, time flies meanwhile."""
        async with self.time_flies():
            ending = Ending.model_validate(await result_of(self.engine.runs.handle(enrollment_id)))
        return str(ending.status), ending.reason

    async def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        async with self.engine.transaction() as tx:
            return [dict(row) for row in await tx.fetch(sql, *args)]

    async def execute(self, sql: str, *args: Any) -> None:
        async with self.engine.transaction() as tx:
            await tx.execute(sql, *args)

    async def somebody_waits(self) -> None:
        """Wait until a transaction on this database waits for what another one holds."""
        await assert_eventually(lambda: waits_for_a_lock(self.rows))

    async def enrollment(self, enrollment_id: UUID) -> dict[str, Any]:
        [row] = await self.rows("SELECT * FROM enrollments WHERE id = $1", enrollment_id)
        return row

    async def steps(self, enrollment_id: UUID) -> list[dict[str, Any]]:
        return await self.rows(
            "SELECT * FROM enrollment_steps WHERE enrollment_id = $1 ORDER BY order_index", enrollment_id
        )

    async def jobs(self, enrollment_id: UUID) -> list[dict[str, Any]]:
        return await self.rows(
            "SELECT * FROM message_jobs WHERE enrollment_id = $1 ORDER BY order_index", enrollment_id
        )

    async def job(self, enrollment_id: UUID, node_id: str) -> dict[str, Any]:
        [row] = [job for job in await self.jobs(enrollment_id) if job["node_id"] == node_id]
        return row

    async def arrives(self, enrollment_id: UUID, node_id: str, gate: str | None = None) -> dict[str, Any]:
        """Wait until this node is the enrollment's next, held by this gate; answers the row."""

        async def there() -> dict[str, Any]:
            row = await self.enrollment(enrollment_id)
            assert (row["current_node"], row["gate"]) == (node_id, gate), row
            return row

        return await assert_eventually(there)

    def outbox(self) -> list[OutboxEntry]:
        """What the local outbox holds, oldest first."""
        return list_outbox(self.settings.outbox_dir)[::-1]


async def waits_for_a_lock(rows: Callable[[str], Awaitable[list[dict[str, Any]]]]) -> bool:
    """Whether a transaction on the database that `rows` reads waits for what another one holds."""
    locks = "SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)"
    return bool(await rows(f"{locks} WHERE NOT granted AND datname = current_database()"))


@asynccontextmanager
async def rig_on(
    client: Client,
    database: Database,
    outbox: Path,
    *,
    environment: WorkflowEnvironment | None = None,
    provider: Provider | None = None,
    **settings: Any,
) -> AsyncIterator[Rig]:
    """A rig whose worker runs; with `provider`, that one carries every channel instead of the outbox."""
    # Without a cache each workflow task replays its history from the start: the hardest test of determinism.
    chosen_settings = {
        "max_cached_workflows": 0,
        "task_queue": f"test-{uuid4().hex}",
        # How far a webhook may reach is then each tenant's own list.
        "webhook_allow": "any",
        **settings,
    }
    made = Settings(
        outbox_dir=outbox,
        email_provider="outbox",
        sms_provider="outbox",
        whatsapp_provider="outbox",
        webhook_provider="outbox",
        search_attributes=not environment,
        **chosen_settings,
    )
    registry = Registry(dict.fromkeys(provider.channels, provider)) if provider else registry_of(made)
    engine = Engine(
        database=database,
        runs=Runs(client, made.task_queue, made.search_attributes),
        providers=registry,
        tenant_id=made.tenant,
        links=links_of(made),
    )
    rig = Rig(engine, made, environment)
    async with rig.worker():
        yield rig
