"""The HTTP application, put together from its routers."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from api import health, metrics
from api.analytics import analytics, splits
from api.campaigns import batches, campaigns
from api.changes import stream, subscriptions
from api.console import me, pages, sign_in
from api.contacts import contacts, conversation, events, files
from api.enrollments import enrollments, executions, leads, tasks
from api.gates import law, suppressions
from api.http import description as docs
from api.http import problems
from api.http.idempotency import Idempotency
from api.http.middleware import BodyLimit, Frame
from api.http.parameters import DESCRIBED_ONLY
from api.http.rate_limits import Limits
from api.http.state import Edge
from api.inbound import dead_letters, messages, providers, readings, reviews, tracking, unsubscribe
from api.sequences import sequences, steps, versions
from api.workspace import commands, keys, notifications, senders, tenant, users

_ROUTERS: tuple[APIRouter, ...] = (
    sequences.router,
    steps.router,
    versions.router,
    analytics.router,
    splits.router,
    conversation.router,
    readings.router,
    reviews.router,
    messages.router,
    dead_letters.router,
    suppressions.router,
    law.router,
    files.router,
    events.router,
    contacts.router,
    stream.router,
    subscriptions.router,
    executions.router,
    enrollments.router,
    leads.router,
    campaigns.router,
    batches.router,
    keys.router,
    users.router,
    tasks.router,
    notifications.router,
    tenant.router,
    senders.router,
    me.router,
    commands.router,
)
_OPEN: tuple[APIRouter, ...] = (
    health.router,
    metrics.router,
    providers.router,
    unsubscribe.router,
    tracking.router,
    docs.router,
    sign_in.router,
    pages.router,
)
"""Called by providers, machines and people who follow a link: what else they say is ignored."""


def create_app(edge: Edge) -> FastAPI:
    """The application on these parts."""
    app = _routed()
    app.state.edge = edge
    app.state.metrics = metrics.Metrics()
    return app


def description() -> dict[str, Any]:
    """The OpenAPI document: the same wherever the application runs."""
    return _routed().openapi()


def _routed() -> FastAPI:
    app = FastAPI(
        title="Touchline",
        version=_version(),
        summary="Durable multi-touch message sequences: what providers, contacts and programs call.",
        description=docs.about(),
        middleware=[
            Middleware(Frame),
            Middleware(BodyLimit),
            Middleware(Limits),
            Middleware(Idempotency),
        ],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    app.router.routes.extend(_routes())
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = docs.with_problems(describe())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend the description
    return app


@cache
def _routes() -> list[BaseRoute]:
    """Shared by all applications of a process: the first request works them out, which takes half a second."""
    together = APIRouter()
    for router in _ROUTERS:
        together.include_router(router, dependencies=[DESCRIBED_ONLY], responses=problems.answers(422))
    for router in _OPEN:
        together.include_router(router)
    return together.routes


def _version() -> str:
    """The project's own; it is not installed as a package that could be asked."""
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    return str(tomllib.loads(project.read_text())["project"]["version"])
