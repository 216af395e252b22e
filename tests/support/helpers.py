"""Helpers that several tiers of tests share."""

import asyncio
import gc
import os
import shutil
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import asyncpg
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from local.postgres import SYSTEM_USER, LocalPostgres

T = TypeVar("T")


async def assert_eventually(
    condition: Callable[[], Awaitable[T]], *, timeout_s: float = 60.0, poll_s: float = 0.02
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


IN_MEMORY = "in_memory"
"""The tablespace of the tests' databases, where the machine has the memory for it."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's own place for files in memory; the folder within is ours
_ENOUGH = 1 << 30


@contextmanager
def databases_in_memory() -> Iterator[Path | None]:
    """A folder in memory that PostgreSQL may write to; None where there is none, or too little.

    Every test's database is hundreds of new files. On ext4, finding places for them among those that were just
    deleted costs ten times what all else does.
    """
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ENOUGH:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="touchline-test-", dir=_MEMORY))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SYSTEM_USER)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


COMMITS_TAKE_MS = os.environ.get("SLOW_COMMITS_MS")
"""Milliseconds that each commit of the tests' PostgreSQL takes at least, up to 100: a slow disk. None: no time."""


async def slow_commits(postgres: LocalPostgres, ms: int) -> None:
    """Let each commit of this server take so long; it must have fsync, without which PostgreSQL waits for nothing."""
    admin = await asyncpg.connect(postgres.url("postgres"))
    try:
        # However few others are at work: the delay is meant to gather their commits, here it is the disk.
        await admin.execute("ALTER SYSTEM SET commit_siblings = 0")
        await admin.execute(f"ALTER SYSTEM SET commit_delay = {ms * 1000}")
        await admin.execute("SELECT pg_reload_conf()")
    finally:
        await admin.close()


@asynccontextmanager
async def own_database(postgres: LocalPostgres, template: str) -> AsyncIterator[str]:
    """A copy of the template for as long as the block lasts; its URL, as the owner of the tables."""
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(postgres.url("postgres"))
    try:
        # The template is small: block by block costs half of what the checkpoints around a copy of its files do.
        memory = await admin.fetchval("SELECT count(*) FROM pg_tablespace WHERE spcname = $1", IN_MEMORY)
        where = f"TABLESPACE {IN_MEMORY}" if memory else ""
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY WAL_LOG {where}')
        yield postgres.url(name)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


@asynccontextmanager
async def time_skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping Temporal server for as long as the block lasts."""
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(Path(sysconfig.get_path("scripts")) / "temporal-test-server"),
        # Five seconds unless told: too few for a busy machine that starts hundreds of them.
        test_server_startup_timeout=timedelta(seconds=60),
        data_converter=pydantic_data_converter,
    )
    try:
        yield environment
    finally:
        await environment.shutdown()
        # A core that is dropped only while the interpreter exits can crash it.
        del environment
        gc.collect()
