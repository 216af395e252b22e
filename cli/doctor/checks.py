"""The checks of `doctor` that reach out: to PostgreSQL, to Temporal, to the providers."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from temporalio.client import Client
from temporalio.service import RPCError

from cli.terminal import connect, short_ids
from composition import temporal_address_of
from domain.errors import NotReady, SendError
from domain.messages import Channel
from providers.registry import Registry
from settings import Settings
from starter import temporal_health
from starter.engine import connect_temporal
from store import health as store_health
from store.health import OVERDUE, ServerFacts, Trouble
from store.inbound import inbox
from store.inbound.inbox import Waiting
from store.pool import Database
from store.schema import pending_migrations
from store.sequences import sequences
from store.sequences.sequences import SequenceRow

PATIENCE_S = 15.0
"""For one check; whoever is silent for longer does not answer."""
_BY_ITSELF = "paused by itself"
_UNHEARD = timedelta(minutes=1)
"""What came in has its effect within a second or two; what waits longer grows."""


@dataclass(frozen=True)
class Finding:
    """One line of `doctor`."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    mend: str = ""


def ok(name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(name, "ok", detail)


def warn(name: str, detail: str, mend: str) -> Finding:
    """It works, and somebody should look."""
    return Finding(name, "warn", detail, mend)


def fail(name: str, detail: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(name, "fail", detail, mend)


# --- PostgreSQL ----------------------------------------------------------------------------------------


async def database_findings(settings: Settings) -> list[Finding]:
    """Reachable, at the right schema, tenants kept apart; and what its rows complain of."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return [finding async for finding in _database(settings)]
    except TimeoutError:
        return [fail("postgresql", f"no answer within {PATIENCE_S:g} s", "check TOUCHLINE_DATABASE_URL")]
    except NotReady as error:
        return [fail("postgresql", str(error), error.hint or "")]


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        pending = await pending_migrations(settings.database_url)
    except NotReady as error:
        # Worth a line of its own only where the server can be reached at all.
        yield warn("migrations", f"cannot be judged: {error}".splitlines()[0], error.hint or "")
    else:
        if pending:
            yield fail("migrations", f"{len(pending)} not applied yet: {', '.join(pending)}", "run ./touchline migrate")
        else:
            yield ok("migrations", "all applied")
    async with connect.pool(settings) as database:
        async with database.transaction(settings.tenant) as tx:
            facts = await store_health.server_facts(tx)
        yield ok("postgresql", f"{facts.version}, as {facts.role} (logged in as {facts.login})")
        yield _login(facts)
        yield _row_security(facts)
        if settings.tenant not in await database.tenant_ids():
            yield fail("tenant", f"no such tenant {settings.tenant}", connect.NO_TENANT)
            return
        yield ok("tenant", str(settings.tenant))
        for finding in await _rows(settings, database):
            yield finding


def _login(facts: ServerFacts) -> Finding:
    name = "database role"
    is_too_much = "is a superuser" if facts.login_is_superuser else "owns the tables" if facts.login_owns_tables else ""
    if not is_too_much:
        return ok(name, f"{facts.login} owns nothing, and may only become {facts.role}")
    mend = (
        "name the owner in TOUCHLINE_DATABASE_OWNER_URL and a role of its own in TOUCHLINE_DATABASE_URL, and run"
        " ./touchline migrate, which makes that role"
    )
    return warn(name, f"{facts.login} {is_too_much}: one SET ROLE away from every tenant's rows", mend)


def _row_security(facts: ServerFacts) -> Finding:
    name = "row-level security"
    if facts.bypasses:
        return fail(name, f"the role {facts.role} bypasses it", f"ALTER ROLE {facts.role} NOSUPERUSER NOBYPASSRLS")
    if facts.unguarded:
        return fail(name, f"not forced on {', '.join(facts.unguarded)}", "run ./touchline migrate")
    return ok(name, "forced on every table with a tenant's rows")


async def _rows(settings: Settings, database: Database) -> list[Finding]:
    async with database.transaction(settings.tenant) as tx:
        trouble = await store_health.trouble(tx, datetime.now(UTC) - OVERDUE)
        rows = await sequences.list_all(tx)
        waiting = await inbox.waiting(tx)
    return [*_paused(rows), *_trouble(trouble), _inbox(waiting, datetime.now(UTC))]


def _inbox(waiting: Waiting, now: datetime) -> Finding:
    name = "inbox"
    if waiting.oldest is None or now - waiting.oldest < _UNHEARD:
        return ok(name, "what came in has had its effect")
    return fail(
        name,
        f"{waiting.count} reports wait for their effect, the oldest since {waiting.oldest:%Y-%m-%d %H:%M:%S} UTC;"
        " nothing is sent to whom they may concern",
        "is the API or a worker running? the log of either says what keeps it (inbox_waits, inbox_refused)",
    )


def _paused(rows: list[SequenceRow]) -> Iterator[Finding]:
    paused = [row for row in rows if (row.paused_reason or "").startswith(_BY_ITSELF)]
    for row in paused:
        mend = f"mend the cause, then ./touchline resume --sequence {row.key}"
        yield fail("sequences", f"{row.key} is {row.paused_reason}", mend)
    if not paused:
        yield ok("sequences", f"{len(rows)}, none of them paused by itself")


def _trouble(trouble: Trouble) -> Iterator[Finding]:
    if trouble.overdue:
        yield fail(
            "overdue enrollments",
            f"{trouble.overdue} should have moved more than {OVERDUE.seconds // 60} minutes ago",
            "is a worker running? the reconciler starts what has no workflow",
        )
    else:
        yield ok("overdue enrollments", "none")
    if trouble.disagreements:
        yield warn(
            "disagreements",
            f"{trouble.disagreements} between rows and workflows",
            "./touchline show ENROLLMENT says which; the worker's log names the enrollments",
        )
    else:
        yield ok("disagreements", "none between rows and workflows")
    if trouble.ambiguous:
        yield warn(
            "messages in doubt",
            f"{trouble.ambiguous}: nobody knows whether they were sent; of {_named(trouble)}",
            "./touchline send-now ENROLLMENT sends again, assume-sent goes on",
        )
    else:
        yield ok("messages in doubt", "none")


def _named(trouble: Trouble) -> str:
    more = ", …" if trouble.ambiguous > len(trouble.doubtful) else ""
    return f"enrollment{'s' * (trouble.ambiguous > 1)} {', '.join(map(short_ids.short, trouble.doubtful))}{more}"


# --- Temporal ------------------------------------------------------------------------------------------


async def temporal_findings(settings: Settings) -> list[Finding]:
    """Reachable, with what we rely on, and somebody at work."""
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            client = await connect_temporal(temporal_address_of(settings))
            findings.append(ok("temporal", f"{settings.temporal_address}, namespace {settings.temporal_namespace}"))
            findings += [
                await _attributes(client, settings),
                await _worker(client, settings),
                await _reconciler(client, settings),
            ]
    except TimeoutError:
        findings.append(fail("temporal", f"no answer within {PATIENCE_S:g} s", "check TOUCHLINE_TEMPORAL_ADDRESS"))
    except NotReady as error:
        findings.append(fail("temporal", str(error), error.hint or ""))
    except RPCError as error:
        findings.append(fail("temporal", error.message, "check TOUCHLINE_TEMPORAL_NAMESPACE and the API key's rights"))
    return findings


async def _attributes(client: Client, settings: Settings) -> Finding:
    name = "search attributes"
    if not settings.search_attributes:
        return ok(name, "switched off by TOUCHLINE_SEARCH_ATTRIBUTES")
    try:
        missing = await temporal_health.missing_search_attributes(client)
    except RPCError as error:
        return warn(name, f"the server does not say: {error.message}", "look into the namespace's settings yourself")
    if missing:
        options = " ".join(f"--name {attribute} --type Keyword" for attribute in missing)
        mend = f"temporal operator search-attribute create --namespace {client.namespace} {options}"
        return fail(name, f"not registered: {', '.join(missing)}", mend)
    return ok(name, "registered")


async def _worker(client: Client, settings: Settings) -> Finding:
    workers = await temporal_health.workers(client, settings.task_queue)
    if not workers:
        mend = "start one: ./touchline up, or uv run worker.py"
        return fail("worker", f"none polls the task queue {settings.task_queue}", mend)
    return ok("worker", f"{len(workers)} on the task queue {settings.task_queue}: {', '.join(workers)}")


async def _reconciler(client: Client, settings: Settings) -> Finding:
    schedule = await temporal_health.reconciler(client, settings.task_queue)
    if schedule is None:
        return fail("reconciler", "not scheduled", "a worker schedules it when it starts: ./touchline up")
    if schedule.schedule.state.paused:
        mend = f"temporal schedule toggle --unpause --schedule-id {schedule.id}"
        return fail("reconciler", f"its schedule is paused: {schedule.schedule.state.note or 'no reason given'}", mend)
    every = schedule.schedule.spec.intervals[0].every if schedule.schedule.spec.intervals else None
    return ok("reconciler", f"every {every.total_seconds():g} s" if every else "scheduled")


# --- providers -----------------------------------------------------------------------------------------


async def channels_in_use(settings: Settings) -> dict[Channel, list[str]]:
    """Keys of the sequences that will send on a channel; none when the database is no help."""
    with suppress(NotReady, TimeoutError):  # said by the lines about the database
        async with (
            asyncio.timeout(PATIENCE_S),
            connect.pool(settings) as database,
            database.transaction(settings.tenant) as tx,
        ):
            return await store_health.channels_in_use(tx)
    return {}


async def provider_findings(
    settings: Settings, registry: Registry, users: Mapping[Channel, Sequence[str]]
) -> list[Finding]:
    """Each channel's provider, configured and reachable; and what its messages would lack."""
    chosen = {
        Channel.EMAIL: settings.email_provider,
        Channel.SMS: settings.sms_provider,
        Channel.WHATSAPP: settings.whatsapp_provider,
        Channel.WEBHOOK: settings.webhook_provider,
    }
    findings = [
        await _provider(channel, choice, registry, users.get(channel, ()))
        for channel, choice in chosen.items()
        # Whoever has switched these off and sends nothing by them misses nothing.
        if choice != "none" or channel in (Channel.EMAIL, Channel.SMS) or users.get(channel)
    ]
    if settings.email_provider == "smtp" and not settings.unsubscribe_mailto:
        mend = "set TOUCHLINE_UNSUBSCRIBE_MAILTO; mailbox providers ask for it in bulk mail"
        findings.append(warn("unsubscribing", "emails carry no List-Unsubscribe header", mend))
    return findings


async def _provider(channel: Channel, choice: str, registry: Registry, users: Sequence[str]) -> Finding:
    name = f"{channel} provider"
    try:
        provider = registry.for_channel(channel)
        async with asyncio.timeout(PATIENCE_S):
            return ok(name, await provider.check())
    except NotReady as error:
        if choice == "none" and users:
            return fail(name, f"none, and {' and '.join(users)} would send {channel}", error.hint or "")
        if choice == "none":
            return warn(name, f"none: a sequence that sends {channel} cannot be published", error.hint or "")
        return fail(name, str(error), error.hint or "")
    except SendError as error:
        return fail(name, str(error), f"check the TOUCHLINE_ settings of {choice}")
    except TimeoutError:
        return fail(name, f"{choice} gave no answer within {PATIENCE_S:g} s", "check its host, port and the network")
