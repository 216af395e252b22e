"""Whatever PostgreSQL undoes for the sake of others is done anew, and neither a provider nor a user hears of it."""

import dataclasses
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.http.state import Edge
from domain.messages import Channel
from starter.campaigns.campaigns import add
from starter.contacts import contacts, erasure, events
from starter.contacts.contacts import Changes
from starter.engine import Engine
from starter.enrollments import tasks
from starter.gates import suppressions
from starter.sequences import archive, status
from tests.api.conftest import Api
from tests.providers import twilio_calls
from tests.store.tenants import Tenant, fill
from tests.support.undoing import undo

TOKEN = "a token that nobody guesses, ever"


@pytest.fixture
def watched(edge: Edge, connect: Callable[[Edge], Api]) -> Api:
    return connect(dataclasses.replace(edge, metrics_token=TOKEN))


@pytest.fixture
async def tenant(watched: Api) -> Tenant:
    return await fill(watched.rig.engine.database, watched.rig.engine.tenant_id)


async def _counted(api: Api) -> dict[str, float]:
    answer = await api.http.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    return {
        sample.labels["outcome"]: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "touchline_database_conflicts_total"
    }


@pytest.mark.parametrize("table", ["inbox", "events"])
async def test_a_provider_hears_nothing_of_it(watched: Api, tenant: Tenant, database_url: str, table: str) -> None:
    """The call is answered as any other, its report recorded once, and /metrics says how often it was undone: while it
    is stored, and while it has its effect.
    """
    await undo(database_url, table, times=3)
    said = {**twilio_calls.REPLY, "From": "+12125550100"}
    answer = await watched.twilio(twilio_calls.call(said))
    assert answer.status_code == 200
    assert len(await tenant.rows("SELECT FROM responses WHERE kind = 'reply' AND channel = 'sms'")) == 1
    assert await _counted(watched) == {"repeated": 3, "given_up": 0}


async def test_given_up_it_is_to_be_said_again(watched: Api, tenant: Tenant, database_url: str) -> None:
    """After a few times the answer is 503 with a time to come again, and nothing was recorded."""
    await undo(database_url, "inbox", times=1000)
    answer = await watched.twilio(twilio_calls.call({**twilio_calls.REPLY, "From": "+12125550100"}))
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert len(await tenant.rows("SELECT FROM events")) == 1
    assert await _counted(watched) == {"repeated": 4, "given_up": 1}


async def _close(engine: Engine) -> None:
    async with engine.transaction() as tx:
        task = await tx.fetchval("SELECT id FROM tasks")
    await tasks.close(engine, task, "completed")


COMMANDS: dict[str, tuple[str, Callable[[Engine], Awaitable[object]]]] = {
    "pause a sequence": ("sequences", lambda engine: status.pause_sequence(engine, "journey", "why")),
    "archive it": ("sequences", lambda engine: archive.archive(engine, "journey", stop=False)),
    "stop everybody": ("enrollments", lambda engine: archive.archive(engine, "journey", stop=True)),
    "erase": ("messages", lambda engine: erasure.erase(engine, "C1", stop=True)),
    "bar an address": ("suppressions", lambda engine: suppressions.bar(engine, Channel.EMAIL, "ada@example.com")),
    "change a contact": ("contacts", lambda engine: contacts.change(engine, "C1", Changes(company="X"))),
    "tell an event": ("contact_events", lambda engine: events.record_event(engine, "C1", "bought")),
    "close a task": ("tasks", _close),
    "add to a campaign": ("campaign_members", lambda engine: _add(engine)),
}


async def _add(engine: Engine) -> None:
    await contacts.create(engine, "C2", Changes(email="grace@example.com"))
    await add(engine, "Spring", ["C2"], "api")


@pytest.mark.parametrize("named", COMMANDS)
async def test_a_user_hears_nothing_of_it(watched: Api, tenant: Tenant, database_url: str, named: str) -> None:
    """Each command is done, once, although it was undone three times."""
    table, command = COMMANDS[named]
    await undo(database_url, table, times=3)
    await command(watched.rig.engine)
    assert await _counted(watched) == {"repeated": 3, "given_up": 0}
