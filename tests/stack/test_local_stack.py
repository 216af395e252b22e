"""The local stack keeps what it promised to keep, and leaves nothing else behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from domain.errors import Conflict, NotReady
from local import temporal as temporal_server
from local.ports import free_port
from local.postgres import LocalPostgres
from local.stack import LocalStack, StackInfo, running_stack
from tests.support.helpers import assert_eventually

ROOT = Path(__file__).resolve().parents[2]

_RUN_A_STACK = """
import asyncio, pathlib, sys
from local import temporal
from local.stack import LocalStack

temporal._USUAL_PORT = int(sys.argv[3])

async def main():
    async with LocalStack(pathlib.Path(sys.argv[1]), keep=sys.argv[2] == "keep", ui=False) as stack:
        print(stack.postgres.pid, stack.temporal.pid, stack.postgres.home, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@asynccontextmanager
async def stack_in_another_process(state_dir: Path, mode: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Any]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _RUN_A_STACK, state_dir, mode, str(temporal_server._USUAL_PORT)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        postgres, temporal, home = (await process.stdout.readline()).decode().strip().split(" ", 2)
        yield process, (int(postgres), int(temporal), Path(home))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture(autouse=True)
def usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """For this test alone: while its stack is down, the real one may go to the stack of any other test."""
    monkeypatch.setattr(temporal_server, "_USUAL_PORT", free_port())


@pytest.fixture
async def state_dir(tmp_path: Path) -> AsyncIterator[Path]:
    yield tmp_path / "a folder with spaces" / "var"
    await LocalPostgres(tmp_path / "a folder with spaces" / "var").remove()


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def _count(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (x int)")
        await connection.execute("INSERT INTO kept VALUES (1)")
        return int(await connection.fetchval("SELECT count(*) FROM kept"))
    finally:
        await connection.close()


async def test_a_kept_stack_finds_its_data_and_sleeping_workflows_again(state_dir: Path) -> None:
    """What was committed and what sleeps is there after stop and start, at the same Temporal address."""
    async with LocalStack(state_dir, keep=True, ui=False) as stack:
        first = stack.temporal_address
        assert await _count(stack.owner_url) == 1
        client = await Client.connect(first)
        await client.start_workflow("Sleeper", id="sleeper", task_queue="nobody")
    async with LocalStack(state_dir, keep=True, ui=False) as stack:
        assert await _count(stack.owner_url) == 2
        assert stack.temporal_address == first
        client = await Client.connect(stack.temporal_address)
        found = await client.get_workflow_handle("sleeper").describe()
        assert found.status == WorkflowExecutionStatus.RUNNING


async def test_other_commands_find_the_running_stack_and_only_that(state_dir: Path) -> None:
    """`running_stack` answers while a kept stack runs, and None before, after, and beside a leftover file."""
    assert running_stack(state_dir) is None
    async with LocalStack(state_dir, keep=True, ui=False) as stack:
        assert running_stack(state_dir) == StackInfo(
            pid=os.getpid(),
            database_url=stack.database_url,
            owner_url=stack.owner_url,
            temporal_address=stack.temporal_address,
            ui_url=None,
        )
        info = (state_dir / "stack.json").read_bytes()
    assert running_stack(state_dir) is None
    (state_dir / "stack.json").write_bytes(info)
    assert running_stack(state_dir) is None


def _logs(stack: LocalStack) -> set[Path]:
    return {*stack.folder.rglob("*.log"), stack.postgres.log}


async def test_what_the_servers_log_is_for_its_owner_alone(state_dir: Path) -> None:
    """Statements and names are in it; also in a log that an earlier version left open to everybody."""
    before = os.umask(0o022)
    try:
        async with LocalStack(state_dir, keep=True, ui=False) as stack:
            for log in _logs(stack):
                log.chmod(0o644)
        async with LocalStack(state_dir, keep=True, ui=False) as stack:
            assert len(_logs(stack)) >= 2
            assert [log for log in _logs(stack) if log.stat().st_mode & 0o077] == []
            assert stack.postgres.home.stat().st_mode & 0o066 == 0
    finally:
        os.umask(before)


async def test_a_second_kept_stack_is_refused_with_the_place_of_the_first(state_dir: Path) -> None:
    """Two stacks never share one state folder; the error names the process that has it."""
    async with LocalStack(state_dir, keep=True, ui=False):
        with pytest.raises(Conflict, match=f"process {os.getpid()}"):
            async with LocalStack(state_dir, keep=True, ui=False):
                pytest.fail("two stacks on one state folder")


async def test_a_stack_starts_again_after_kill_9(state_dir: Path) -> None:
    """After SIGKILL of the process that ran the stack, the next start has the same data and no server is left over."""
    async with stack_in_another_process(state_dir, "keep") as (process, (postgres, temporal, _)):
        info = running_stack(state_dir)
        assert info is not None
        assert await _count(info.owner_url) == 1
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with LocalStack(state_dir, keep=True, ui=False) as stack:
        assert await _count(stack.owner_url) == 2
        assert stack.temporal_address == info.temporal_address
        assert not alive(postgres)
        assert not alive(temporal)


async def test_a_server_left_by_a_killed_run_is_ended_by_the_next(tmp_path: Path) -> None:
    """Where servers outlive a killed run, the next start ends them instead of failing on their locks."""
    left = LocalPostgres(tmp_path, durable=False)
    await left.start()
    try:
        pid = left.pid
        again = LocalPostgres(tmp_path, durable=False)
        await again.start()
        assert left.pid is None
        assert again.pid not in (None, pid)
        await again.stop()
    finally:
        await left.remove()


async def test_servers_die_with_the_process_that_started_them(state_dir: Path) -> None:
    """SIGKILL of the owner ends its servers on Linux without anybody's help."""
    async with stack_in_another_process(state_dir, "keep") as (process, (postgres, temporal, _)):
        process.send_signal(signal.SIGKILL)
        await process.wait()

        async def gone() -> bool:
            return not alive(postgres) and not alive(temporal)

        await assert_eventually(gone)


async def test_a_throwaway_stack_leaves_nothing(state_dir: Path) -> None:
    """After the block there is no server, no database and no folder of it."""
    async with LocalStack(state_dir, keep=False, ui=False) as stack:
        assert await _count(stack.owner_url) == 1
        home, pid = stack.postgres.home, stack.postgres.pid
        assert running_stack(state_dir) is None
    assert pid is not None
    assert not alive(pid)
    assert not home.exists()
    assert not any(state_dir.glob("*"))  # noqa: ASYNC240 - nobody else is waiting for this loop


async def test_what_a_killed_throwaway_stack_left_is_removed_by_the_next(state_dir: Path) -> None:
    """Folders and data of throw-away stacks do not pile up, and one that runs is left alone."""
    async with LocalStack(state_dir, keep=False, ui=False) as bystander:
        async with stack_in_another_process(state_dir, "throwaway") as (process, (_, _, home)):
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert home.exists()
        async with LocalStack(state_dir, keep=False, ui=False):
            assert not home.exists()
            assert await _count(bystander.owner_url) == 1


async def test_postgres_recovers_what_was_committed_before_sigkill(tmp_path: Path) -> None:
    """A killed server starts again on the same data, at the same URL."""
    server = LocalPostgres(tmp_path)
    await server.start()
    try:
        assert await _count(server.url("postgres")) == 1
        await server.kill()
        assert server.pid is None
        await server.start()
        assert await _count(server.url("postgres")) == 2
    finally:
        await server.remove()


@pytest.mark.skipif(os.geteuid() == 0, reason="root's data lies under /var/lib, whose path is short")
async def test_a_long_path_still_gets_a_socket(tmp_path: Path) -> None:
    """A checkout deeper than a Unix socket's path may be long works like any other."""
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 5)
    server = LocalPostgres(deep, durable=False)
    await server.start()
    try:
        assert len(os.fsencode(server.socket_dir / ".s.PGSQL.5432")) <= 107
        assert await _count(server.url("postgres")) == 1
    finally:
        await server.remove()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error carries the server's own words."""
    server = LocalPostgres(tmp_path, durable=False)
    await server.start()
    try:
        await server.stop()
        (server.data_dir / "postgresql.conf").write_text("no_such_setting = on\n")
        with pytest.raises(NotReady, match="no_such_setting"):
            await server.start()
    finally:
        await server.remove()
