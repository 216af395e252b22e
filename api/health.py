"""Is the process there, and can it work?"""

import asyncio
from datetime import timedelta
from http import HTTPStatus
from typing import Literal

import asyncpg
import structlog
from fastapi import APIRouter
from pydantic import BaseModel
from temporalio.service import RPCError

from api.http.problems import Refusal, answers
from api.http.state import TheEdge
from starter.engine import Engine
from store.pool import LOST

log = structlog.get_logger(__name__)

_WITHIN_S = 3.0
_UNUSABLE: tuple[type[Exception], ...] = (*LOST, asyncpg.PostgresError)

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """What the process works with."""

    database: Literal["ok"] = "ok"
    temporal: Literal["ok", "unreachable"]
    """Not needed: what is received while it is away takes effect, and the workflows hear of it later."""


@router.get("/healthz", summary="Does the process live?")
async def healthz() -> Alive:
    """Answer, whatever else is down."""
    return Alive()


@router.get("/readyz", summary="Can it receive?", responses=answers(503))
async def readyz(edge: TheEdge) -> Ready:
    """Ask the database, which is needed, and Temporal, which is not."""
    fault, temporal = await asyncio.gather(database_fault(edge.engine), _temporal_answers(edge.engine))
    if fault is not None:
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, fault, headers={"Retry-After": "5"})
    return Ready(temporal="ok" if temporal else "unreachable")


async def database_fault(engine: Engine) -> str | None:
    """What keeps us from working with the database, if anything does; never its own words, which name places."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            tenants = await engine.database.tenant_ids()
    except _UNUSABLE as error:
        log.warning("database_unusable", error=str(error) or type(error).__name__)
        if isinstance(error, (asyncpg.UndefinedFunctionError, asyncpg.InvalidCatalogNameError)):
            return "the database has another schema than this process needs"
        return "the database cannot be reached"
    return None if engine.tenant_id in tenants else "the tenant of the settings does not exist"


async def _temporal_answers(engine: Engine) -> bool:
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await engine.runs.client.service_client.check_health(timeout=timedelta(seconds=_WITHIN_S))
    except (RPCError, RuntimeError, TimeoutError):
        return False
