"""A mail server that takes its time over each message: what a provider under load is like."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_ANSWERS = {b"EHLO": b"250 slow", b"DATA": b"354 go on", b"QUIT": b"221 bye"}


@asynccontextmanager
async def slow_mail(seconds: float) -> AsyncIterator[int]:
    """Its port. Each message is taken, so long after it was begun (at MAIL)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 slow\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"MAIL":
                await asyncio.sleep(seconds)
            writer.write(_ANSWERS.get(word, b"250 well") + b"\r\n")
            if word == b"DATA":
                while await reader.readline() not in (b".\r\n", b""):
                    pass
                writer.write(b"250 taken\r\n")
            if word == b"QUIT":
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
