"""The local outbox: every hand-over becomes one file. For development, the demo and tests."""

import errno
import heapq
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

from pydantic import AwareDatetime

from domain.base import Frozen
from domain.errors import ConfigurationError, SendError, TransientError
from domain.messages import Absent, Channel, EmailContent, Lookup, OutgoingMessage, Receipt
from providers.base import LastLook, Line, Unbounded

# What passes by itself; any other refusal of the file system needs a person.
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EINTR, errno.EAGAIN, errno.EIO, errno.ENOMEM}


class OutboxEntry(Frozen):
    """One hand-over, as its file holds it."""

    at: AwareDatetime
    message: OutgoingMessage

    @property
    def subject(self) -> str | None:
        """The email's subject; a text message has none."""
        content = self.message.content
        return content.subject if isinstance(content, EmailContent) else None

    @property
    def body(self) -> str:
        """The plain text."""
        content = self.message.content
        return content.text if isinstance(content, EmailContent) else content.body


class OutboxProvider:
    """Takes every message of every channel and keeps it in `directory`.

    A file is `<first byte of the job>/<job>.<n>.json`: a second hand-over of one job is a second
    file, never hidden, and a job is found without reading the directory. Files appear complete or
    not at all, also when the process is killed.
    """

    name = "outbox"
    channels = frozenset(Channel)

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def free_line(self, tenant_id: UUID) -> Unbounded:
        """Always."""
        return Unbounded()

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        """Keep the message; the file is written in place of a network, about 0.2 ms."""
        await clear()
        entry = OutboxEntry(at=datetime.now(UTC), message=message)
        try:
            path = _write(_shard(self._directory, message.job_id), str(message.job_id), entry.model_dump_json())
        except OSError as error:
            raise self._refusal(error) from error
        return Receipt(provider=self.name, provider_message_id=path.stem, detail="kept in the local outbox")

    async def lookup(self, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
        """The outbox remembers every job, whenever it was handed over."""
        if (_shard(self._directory, message.job_id) / f"{message.job_id}.1.json").exists():
            return Receipt(
                provider=self.name, provider_message_id=f"{message.job_id}.1", detail="found in the local outbox"
            )
        return Absent()

    async def check(self) -> str:
        """Write and remove a file."""
        try:
            _probe(self._directory)
        except OSError as error:
            raise self._refusal(error) from error
        return f"local outbox in {self._directory}"

    async def close(self) -> None:
        """Nothing is held open."""

    def _refusal(self, error: OSError) -> SendError:
        kind = TransientError if error.errno in _PASSING else ConfigurationError
        return kind(
            self.name, f"cannot write to {self._directory}: {error.strerror}", errno.errorcode.get(error.errno or 0)
        )


def list_outbox(directory: Path, limit: int | None = None) -> list[OutboxEntry]:
    """What the outbox holds, newest first; reads only the files that it returns."""
    files = _files(directory)
    newest = sorted(files, reverse=True) if limit is None else heapq.nlargest(limit, files)
    return [OutboxEntry.model_validate_json(Path(path).read_bytes()) for _, path in newest]


def count_outbox(directory: Path) -> int:
    """How many hand-overs the outbox holds."""
    return sum(1 for _ in _files(directory))


def _shard(directory: Path, job_id: UUID) -> Path:
    return directory / job_id.hex[:2]


def _write(shard: Path, stem: str, text: str) -> Path:
    """Write aside, then link into place: linking never replaces, so two writers make two files."""
    aside = shard / f".{uuid4().hex}.tmp"
    try:
        _write_new(aside, text)
    except FileNotFoundError:
        _make_private(shard)
        _write_new(aside, text)
    try:
        for number in count(1):
            with suppress(FileExistsError):
                path = shard / f"{stem}.{number}.json"
                os.link(aside, path)
                return path
        raise AssertionError("counting has no end")
    finally:
        aside.unlink()


def _write_new(path: Path, text: str) -> None:
    """Whole messages are in it: readable to its owner alone, whatever the folder and the umask are."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as sink:
        sink.write(text)


def _make_private(folder: Path) -> None:
    """The folder, and those above it that are missing: the mode that `mkdir` takes is the last one's alone."""
    if not folder.parent.exists():
        _make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def _probe(directory: Path) -> None:
    _make_private(directory)
    probe = directory / f".{uuid4().hex}.tmp"
    _write_new(probe, "")
    probe.unlink()


def _files(directory: Path) -> Iterator[tuple[int, str]]:
    """Time of writing (ns) and path of every hand-over."""
    with suppress(FileNotFoundError), os.scandir(directory) as shards:
        for shard in shards:
            if shard.is_dir():
                with os.scandir(shard) as files:
                    yield from ((file.stat().st_mtime_ns, file.path) for file in files if file.name.endswith(".json"))
