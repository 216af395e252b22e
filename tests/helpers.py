"""Helpers that several tiers of tests share."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import uuid4

import asyncpg

from starter.postgres import LocalPostgres

T = TypeVar("T")


async def assert_eventually(
    condition: Callable[[], Awaitable[T]], *, timeout_s: float = 30.0, poll_s: float = 0.02
) -> T:
    """Call `condition` until it neither raises AssertionError nor answers False; its answer.

    At the deadline the last AssertionError is what the test fails with.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            answer = await condition()
            assert answer is not False, f"{condition} still answers False after {timeout_s:g} s"
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return answer
        await asyncio.sleep(poll_s)


@asynccontextmanager
async def own_database(postgres: LocalPostgres, template: str) -> AsyncIterator[str]:
    """A copy of the template for as long as the block lasts; its URL, as the owner of the tables."""
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    try:
        # The template is small: block by block costs half of what the checkpoints around a copy of its files do.
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY WAL_LOG')
        yield postgres.url(name)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()
