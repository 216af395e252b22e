"""What the handlers work with: put together once by the entry point, found on every request."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from api.http.concurrency import Turns
from api.http.limiter import RateLimiter
from providers.inbound.base import Webhook
from starter.changes.stream import Broadcaster
from starter.engine import Engine
from starter.inbound.inbox import Inbox

_LONG_CALLS = 8
"""Whole mails with what is attached that are taken in at once, some megabytes of each in memory."""


def live_streams(in_all: int) -> Turns:
    """So many at once in this process."""
    return Turns("live streams", of_key=100, of_tenant=max(100, in_all // 4), in_all=in_all)


@dataclass(frozen=True)
class Edge:
    """The parts of one API process."""

    engine: Engine
    public_url: str = ""
    """Where providers and contacts reach us; empty: wherever they say they called."""
    email_webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    """By the name in the URL; only those that have a secret."""
    twilio: Webhook | None = None
    """None: no token is configured."""
    inbox: Inbox = field(default_factory=Inbox)
    long_calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LONG_CALLS))
    unproven_long_calls: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LONG_CALLS))
    """Of those that only their end can prove: a stranger who is slow takes no turn of anybody's who is not."""
    live: Broadcaster = field(default_factory=Broadcaster)
    limiter: RateLimiter | None = None
    """None: everybody may come as often as they like."""
    exports: Turns = field(default_factory=lambda: Turns("exports", of_key=2, of_tenant=2, in_all=8))
    imports: Turns = field(default_factory=lambda: Turns("imports", of_key=1, of_tenant=2, in_all=4))
    streams: Turns = field(default_factory=lambda: live_streams(5_000))
    metrics_token: str = field(default="", repr=False)
    """Opens /metrics, and nothing else; empty: nothing does."""


def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


TheEdge = Annotated[Edge, Depends(_edge)]
