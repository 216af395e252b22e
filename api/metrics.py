"""`/metrics` for Prometheus: what the process serves, and what waits. No label names a tenant, a key or a person."""

import asyncio
import hmac
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.responses import Response

from api.http.auth import key_in
from api.http.problems import Refusal
from api.http.state import TheEdge
from starter.engine import Engine
from store import health, worker_conflicts
from store.inbound import inbox
from store.pool import LOST, Conflicts

log = structlog.get_logger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BACKLOG_EVERY_S = 30.0
"""Counting costs a query for each tenant."""
_BACKLOG_WITHIN_S = 10.0

# Not described: it is for the operator, whose token opens nothing else.
router = APIRouter(include_in_schema=False)


class _Conflicts(Collector):
    """What pools count, as it stands when it is asked for."""

    def __init__(self, name: str, whose: str) -> None:
        self.counted = Conflicts()
        self._name = name
        self._help = f"Transactions of {whose} that PostgreSQL undid: deadlocks, serialisation failures."

    def collect(self) -> Iterator[CounterMetricFamily]:
        """By what became of it."""
        family = CounterMetricFamily(self._name, self._help, labels=["outcome"])
        family.add_metric(["repeated"], self.counted.repeated)
        family.add_metric(["given_up"], self.counted.given_up)
        yield family


def _registry() -> CollectorRegistry:
    # Ours, not the library's global one: an application's figures are its own.
    return CollectorRegistry()


@dataclass
class Metrics:
    """The figures of one application."""

    registry: CollectorRegistry = field(default_factory=_registry)

    def __post_init__(self) -> None:
        registry = self.registry
        self._conflicts = _Conflicts("touchline_database_conflicts", "this process")
        self._of_workers = _Conflicts("touchline_worker_database_conflicts", "all workers")
        self._requests = Counter(
            "touchline_http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "touchline_http_request_seconds",
            "Until the answer begins.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._pool = Gauge("touchline_database_connections", "Of the pool.", ["state"], registry=registry)
        registry.register(self._conflicts)
        registry.register(self._of_workers)
        self._overdue = Gauge(
            "touchline_enrollments_overdue", "Due for five minutes and not moved; 0 in health.", registry=registry
        )
        self._paused = Gauge(
            "touchline_sequences_paused", "By a person, or by themselves: too much failed.", registry=registry
        )
        self._disagreements = Gauge(
            "touchline_disagreements", "Records and workflows that differ, and wait for a person.", registry=registry
        )
        self._ambiguous = Gauge(
            "touchline_messages_ambiguous", "In doubt, and waiting for a person.", registry=registry
        )
        self._inbox = Gauge(
            "touchline_inbox_waiting", "Reports that came in and have not had their effect yet.", registry=registry
        )
        self._inbox_age = Gauge(
            "touchline_inbox_oldest_seconds", "How long the oldest of them has waited; 0 in health.", registry=registry
        )
        self._counted_at = Gauge(
            "touchline_backlog_counted_timestamp_seconds", "When what waits was last counted.", registry=registry
        )
        self._counting = asyncio.Lock()
        self._counted = float("-inf")

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the pattern, never the path."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)

    async def exposed(self, engine: Engine) -> bytes:
        """All of it, in Prometheus' text format; what waits is counted at most every half minute."""
        self._conflicts.counted = engine.database.conflicts
        usage = engine.database.usage()
        for state, connections in (("busy", usage.busy), ("idle", usage.idle), ("most", usage.most)):
            self._pool.labels(state).set(connections)
        async with self._counting:
            if time.monotonic() - self._counted >= _BACKLOG_EVERY_S:
                self._counted = time.monotonic()
                try:
                    async with asyncio.timeout(_BACKLOG_WITHIN_S):
                        await self._count(engine)
                except LOST as error:
                    # The last count stays, with its time.
                    log.warning("backlog_not_counted", error=type(error).__name__)
        return generate_latest(self.registry)

    async def _count(self, engine: Engine) -> None:
        now = datetime.now(UTC)
        found, waiting, conflicts = [], [], []
        for tenant_id in await engine.database.tenant_ids():
            async with engine.database.transaction(tenant_id) as tx:
                found.append(await health.trouble(tx, now - health.OVERDUE))
                waiting.append(await inbox.waiting(tx))
                conflicts.append(await worker_conflicts.read(tx))
        self._of_workers.counted = Conflicts(
            sum(one.repeated for one in conflicts), sum(one.given_up for one in conflicts)
        )
        self._overdue.set(sum(one.overdue for one in found))
        self._paused.set(sum(one.paused for one in found))
        self._disagreements.set(sum(one.disagreements for one in found))
        self._ambiguous.set(sum(one.ambiguous for one in found))
        self._inbox.set(sum(one.count for one in waiting))
        ages = [(now - one.oldest).total_seconds() for one in waiting if one.oldest is not None]
        self._inbox_age.set(max(ages, default=0.0))
        self._counted_at.set(now.timestamp())


@router.get("/metrics")
async def exposition(request: Request, edge: TheEdge) -> Response:
    """For whoever has the operator's token; without one among the settings there is no such page."""
    if not edge.metrics_token:
        raise Refusal(HTTPStatus.NOT_FOUND, "there is nothing here", hint="TOUCHLINE_METRICS_TOKEN opens it")
    shown = (key_in(request.headers) or "").encode()
    if not hmac.compare_digest(shown, edge.metrics_token.encode()):
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            "the operator's token is needed",
            hint="send TOUCHLINE_METRICS_TOKEN as Authorization: Bearer …",
            headers={"WWW-Authenticate": "Bearer"},
        )
    metrics: Metrics = request.app.state.metrics
    return Response(await metrics.exposed(edge.engine), media_type=CONTENT_TYPE_LATEST)
