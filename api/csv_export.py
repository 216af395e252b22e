"""Lists as CSV files: streamed, and harmless in a spreadsheet."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Send

from domain.cells import cell

_CHUNK = 64 * 1024
_TAKEN_WITHIN_S = 30.0
"""Whoever takes longer for one chunk has gone: behind the rows stands a connection that others need."""


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
        async with aclosing(chunks):
            first = await anext(chunks)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await _hand_over(send, first, more=True)
            async for chunk in chunks:
                await _hand_over(send, chunk, more=True)
        await _hand_over(send, b"", more=False)


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
