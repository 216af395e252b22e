"""The local outbox: one file per hand-over, complete or absent."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from domain.errors import ConfigurationError
from domain.ids import DEFAULT_TENANT
from domain.messages import Absent, Channel, OutgoingMessage, Receipt, TextContent
from providers.outbox import OutboxProvider, count_outbox, list_outbox
from tests.providers.sending import send


def files(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.json"))


def age(directory: Path) -> None:
    """Make every file a second older, so that their order does not hang on the clock's grain."""
    for path in files(directory):
        os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**9))


def text(body: str = "Hello") -> OutgoingMessage:
    return OutgoingMessage(tenant_id=DEFAULT_TENANT, job_id=uuid4(), to="+12125550100", content=TextContent(body=body))


async def test_a_second_hand_over_is_a_second_file(tmp_path: Path) -> None:
    """A duplicate is never hidden: it can be counted, by job."""
    outbox, message = OutboxProvider(tmp_path), text()
    receipts = [await send(outbox, message) for _ in range(3)]
    assert [receipt.provider_message_id for receipt in receipts] == [f"{message.job_id}.{n}" for n in (1, 2, 3)]
    assert [path.stem for path in files(tmp_path)] == [f"{message.job_id}.{n}" for n in (1, 2, 3)]
    assert count_outbox(tmp_path) == 3


async def test_listing_is_newest_first_and_bounded(tmp_path: Path) -> None:
    """A listing starts at the newest and reads no more than was asked for."""
    outbox = OutboxProvider(tmp_path)
    for number in range(5):
        await send(outbox, text(f"text {number}"))
        age(tmp_path)
    assert [entry.body for entry in list_outbox(tmp_path, 2)] == ["text 4", "text 3"]
    assert [entry.body for entry in list_outbox(tmp_path)] == [f"text {number}" for number in (4, 3, 2, 1, 0)]
    newest = list_outbox(tmp_path, 1)[0]
    assert (newest.message.channel, newest.subject) == (Channel.SMS, None)
    assert newest.at.tzinfo is not None


@pytest.fixture
def generous_umask() -> Iterator[None]:
    """As usual, what a program makes may be read by everybody."""
    before = os.umask(0o022)
    yield
    os.umask(before)


async def test_messages_are_for_their_owner_alone(tmp_path: Path, generous_umask: None) -> None:
    """Wherever the outbox lies, and whatever folder was there before: whole messages are in it."""
    (tmp_path / "there").mkdir()
    for folder in (tmp_path / "not/there/yet", tmp_path / "there"):
        outbox = OutboxProvider(folder)
        await send(outbox, text())
        await outbox.check()
        [file] = files(folder)
        assert file.stat().st_mode & 0o077 == 0
    made = [tmp_path / "not", tmp_path / "not/there", *(tmp_path / "not/there/yet").rglob("*/..")]
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_a_missing_outbox_is_empty(tmp_path: Path) -> None:
    """Before the first message there is no directory, and nothing in it."""
    assert list_outbox(tmp_path / "none") == []
    assert count_outbox(tmp_path / "none") == 0


async def test_an_unwritable_outbox_needs_a_person(tmp_path: Path) -> None:
    """A path that cannot hold files is a configuration error which names it."""
    (tmp_path / "file").touch()
    outbox = OutboxProvider(tmp_path / "file")
    for call in (outbox.check(), send(outbox, text())):
        with pytest.raises(ConfigurationError, match="file"):
            await call


async def test_look_up_reads_no_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job is found by its name alone, so the size of the outbox does not matter."""
    outbox, message = OutboxProvider(tmp_path), text()
    await send(outbox, message)
    for scan in ("scandir", "listdir"):
        monkeypatch.setattr(os, scan, None)
    assert isinstance(await outbox.lookup(message, datetime.now(UTC)), Receipt)
    assert await outbox.lookup(text(), datetime.now(UTC)) == Absent()


ROOT = Path(__file__).parents[2]
WRITER = """
import asyncio, sys
from pathlib import Path
from uuid import uuid4
from domain.messages import OutgoingMessage, TextContent
from providers.outbox import OutboxProvider
from tests.providers.sending import send

async def main():
    outbox = OutboxProvider(Path(sys.argv[1]))
    print("started", flush=True)
    while True:
        content = TextContent(body="x" * 100_000)
        await send(outbox, OutgoingMessage(tenant_id=uuid4(), job_id=uuid4(), to="+12125550100", content=content))

asyncio.run(main())
"""


def test_a_killed_writer_leaves_no_half_file(tmp_path: Path) -> None:
    """After SIGKILL every file in the outbox is whole."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert writer.stdout is not None
    writer.stdout.readline()
    while count_outbox(tmp_path) < 20:
        assert writer.poll() is None
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    entries = list_outbox(tmp_path)
    assert len(entries) >= 20
    assert {len(entry.body) for entry in entries} == {100_000}
