"""The HTTP application on a real database, called in process."""

import dataclasses
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook
from temporalio.client import Client

from api import health, metrics
from api.app import create_app
from api.http import middleware
from api.http.state import Edge
from api.inbound import providers, tracking, unsubscribe
from content.links import Links
from providers.inbound.base import WebhookRequest
from providers.inbound.registry import build_email_webhooks
from providers.inbound.twilio import TwilioWebhook
from providers.registry import Registry
from settings import Settings
from starter.engine import Engine
from starter.enrollments import retry
from starter.runs import Runs
from store.pool import Database
from store.workspace import api_keys
from tests.providers import twilio_calls
from tests.support.harness import Rig, ScriptedProvider, rig_on

RESEND_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
POSTMARK_LOGIN = "postmark:correct horse"


@pytest.fixture(autouse=True)
def patient_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no outage: only the tests of a limit come to it, and set it themselves."""
    for module in (health, tracking, unsubscribe, providers):
        monkeypatch.setattr(module, "_WITHIN_S", 60.0)
    monkeypatch.setattr(metrics, "_BACKLOG_WITHIN_S", 60.0)
    monkeypatch.setattr(middleware, "_BODY_WITHIN_S", 60.0)
    monkeypatch.setattr(middleware, "_ANSWER_WITHIN_S", 90.0)
    monkeypatch.setattr(retry, "_PATIENCE", timedelta(seconds=60))


@pytest.fixture
def engine(database: Database, temporal_client: Client) -> Engine:
    """What the handlers act with: no worker runs."""
    made = Settings(_env_file=None)
    return Engine(
        database=database,
        runs=Runs(temporal_client, f"api-{uuid4().hex}", search_attributes=False),
        providers=Registry({}),
        tenant_id=made.tenant,
        links=Links(twilio_calls.ROOT, ["a secret"]),
    )


@pytest.fixture
def edge(engine: Engine) -> Edge:
    """Behind a proxy that adds `/in` to the path and takes TLS off."""
    return edge_on(engine)


def edge_on(engine: Engine) -> Edge:
    """Every vendor's webhook has a secret."""
    return Edge(
        engine=engine,
        public_url=twilio_calls.ROOT,
        email_webhooks=build_email_webhooks(
            resend=[RESEND_SECRET], postmark=[POSTMARK_LOGIN], sendgrid_keys=[], sendgrid_logins=[]
        ),
        twilio=TwilioWebhook([twilio_calls.TOKEN], twilio_calls.ACCOUNT),
    )


@dataclass
class Api:
    """A caller of the application, and what it left in the database."""

    http: httpx.AsyncClient
    rig: Rig

    async def twilio(self, call: WebhookRequest) -> httpx.Response:
        """The call as the proxy hands it on."""
        url = call.url.removeprefix(twilio_calls.ROOT)
        return await self.http.post(url, content=call.body, headers=dict(call.headers))

    async def resend(self, payload: bytes, *, id: str = "", secret: str = RESEND_SECRET) -> httpx.Response:
        """A call with Svix's signature."""
        name, now = id or f"msg_{uuid4().hex}", datetime.now(UTC)
        signature = StandardWebhook(secret).sign(name, now, payload.decode())
        headers = {"svix-id": name, "svix-timestamp": str(int(now.timestamp())), "svix-signature": signature}
        return await self.http.post("/webhooks/email/resend", content=payload, headers=headers)

    async def key(self, *scopes: api_keys.Scope, name: str = "") -> dict[str, str]:
        """The header of a new key with these scopes."""
        tenant = self.rig.engine.tenant_id
        async with self.rig.engine.database.transaction(tenant) as tx:
            key = await api_keys.create(tx, tenant, name or uuid4().hex, set(scopes), datetime.now(UTC))
        return {"Authorization": f"Bearer {key}"}

    async def count(self, table: str) -> int:
        """Rows of the tenant in a table."""
        [row] = await self.rig.rows(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
        return int(row["count"])


def client_of(edge: Edge, base_url: str) -> httpx.AsyncClient:
    """Calls the application in process; whoever looks when it is answered finds the effect of what came in."""

    async def applied(_: httpx.Response) -> None:
        await edge.inbox.idle()

    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=create_app(edge), raise_app_exceptions=False),
        base_url=base_url,
        timeout=60,
        event_hooks={"response": [applied]},
    )


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[Edge], Api]]:
    """An application on an edge of the test's own."""
    opened: list[httpx.AsyncClient] = []

    def on(edge: Edge, **settings: Any) -> Api:
        opened.append(client_of(edge, "http://127.0.0.1:8080"))
        return Api(opened[-1], Rig(edge.engine, Settings(_env_file=None, **settings)))

    yield on
    for client in opened:
        await client.aclose()


@pytest.fixture
def api(edge: Edge, connect: Callable[[Edge], Api], tmp_path: Path) -> Api:
    """The application with every webhook set up."""
    return connect(edge)


async def another_tenant(api: Api, database_url: str) -> Api:
    """The same application, called by a tenant that has nothing yet."""
    stranger = uuid4()
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", stranger)
    await owner.close()
    engine = dataclasses.replace(api.rig.engine, tenant_id=stranger)
    return Api(api.http, dataclasses.replace(api.rig, engine=engine))


@pytest.fixture
async def other(api: Api, database_url: str) -> Api:
    """The same application, called by another tenant."""
    return await another_tenant(api, database_url)


@pytest.fixture
def provider() -> ScriptedProvider:
    """What carries the messages of `running`; tests script it."""
    return ScriptedProvider()


@pytest.fixture
async def running(
    temporal_client: Client,
    database: Database,
    tmp_path: Path,
    connect: Callable[[Edge], Api],
    provider: ScriptedProvider,
) -> AsyncIterator[tuple[Api, Rig]]:
    """A caller, and the engine with a worker that its calls reach."""
    outbox = tmp_path / "outbox"
    async with rig_on(temporal_client, database, outbox, provider=provider, max_cached_workflows=100) as rig:
        yield connect(edge_on(rig.engine)), rig
