"""Lists as CSV files: streamed, and harmless in a spreadsheet."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.responses import StreamingResponse
from starlette.types import Send

from domain.csv_cells import cell

_CHUNK = 64 * 1024
_IN_MEMORY = 1_000_000
"""Bytes that wait for a client; more of them lie on disk."""
_TAKEN_WITHIN_S = 30.0
"""Whoever takes longer for one chunk has gone: others wait for their turn."""


def stream_csv(header: Sequence[str], rows: AsyncIterator[Sequence[object]], filename: str) -> StreamingResponse:
    """A file of UTF-8 lines, sent while `rows` come; `filename` is plain ASCII.

    Texts that a spreadsheet would take for a formula are shielded; times are RFC 3339, None is an empty cell. An error
    before the first rows is answered as any other; a later one breaks the answer off, so that nobody takes a part for
    the whole.
    """
    return _CsvResponse(
        _chunks(header, rows),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


class _CsvResponse(StreamingResponse):
    async def stream_response(self, send: Send) -> None:
        """Begin when the first rows are there, and give the source up when the client does."""
        chunks = self.body_iterator
        assert isinstance(chunks, AsyncGenerator)  # noqa: S101 - `stream_csv` makes it
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            backlog = _Backlog(file)
            source = asyncio.create_task(backlog.fill(chunks))
            try:
                if not (chunk := await backlog.take()):
                    await source  # which says why
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                while chunk:
                    await _hand_over(send, chunk, more=True)
                    chunk = await backlog.take()
                await source
            finally:
                source.cancel()
                await asyncio.wait([source])
        await _hand_over(send, b"", more=False)


class _Backlog:
    """What a client has not taken yet: in a file, so that nobody's slow reading holds what the rows come from."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._written = self._taken = 0
        self._over = False
        self._news = asyncio.Event()

    async def fill(self, chunks: AsyncGenerator[bytes, None]) -> None:
        """As fast as they come."""
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    self._file.seek(self._written)
                    self._written += self._file.write(chunk)
                    self._news.set()
                    await asyncio.sleep(0)  # Rows that are there already come without a pause.
        finally:
            self._over = True
            self._news.set()

    async def take(self) -> bytes:
        """The next part; nothing: that was all, or the source broke off."""
        while self._taken == self._written and not self._over:
            self._news.clear()
            await self._news.wait()
        self._file.seek(self._taken)
        part = self._file.read(_CHUNK)
        self._taken += len(part)
        return part


async def _hand_over(send: Send, chunk: bytes, *, more: bool) -> None:
    async with asyncio.timeout(_TAKEN_WITHIN_S):
        await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def _chunks(header: Sequence[str], rows: AsyncIterator[Sequence[object]]) -> AsyncGenerator[bytes, None]:
    """At least one chunk, the header's."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow([cell(name) for name in header])
    try:
        async for row in rows:
            writer.writerow([cell(value) for value in row])
            if lines.tell() >= _CHUNK:
                yield lines.getvalue().encode()
                lines.seek(0)
                lines.truncate()
        yield lines.getvalue().encode()
    finally:
        if isinstance(rows, AsyncGenerator):
            await rows.aclose()
