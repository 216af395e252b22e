"""What simulations run on: a throw-away PostgreSQL, and for each simulation a database and a time-skipping server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.api.testservice.v1 import LockTimeSkippingRequest
from temporalio.client import Client

from domain import ids
from local.postgres import LocalPostgres
from local.stack import throwaway_folder
from local.temporal import SkippingTemporal
from store.schema import migrate


@dataclass(frozen=True)
class Site:
    """Where one simulation happens."""

    database_url: str
    """As the owner of the tables."""
    temporal_address: str
    """host:port of a server whose clock stands still but for the time that passes here."""


class Servers:
    """One PostgreSQL server, which several simulations may use one after the other."""

    def __init__(self, postgres: LocalPostgres, folder: Path) -> None:
        self._postgres = postgres
        self._folder = folder

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Site]:
        """A database of its own and a server of its own, whose clocks and addresses no other simulation shares."""
        name = f"simulation_{ids.new_id().hex}"
        url = self._postgres.url(name)
        await migrate(url)
        temporal = SkippingTemporal(self._folder / name)
        await temporal.start()
        try:
            # It starts with its clock on the run.
            client = await Client.connect(temporal.address)
            await client.test_service.lock_time_skipping(LockTimeSkippingRequest())
            yield Site(url, temporal.address)
        finally:
            await temporal.kill()


@asynccontextmanager
async def throwaway_servers(state_dir: Path) -> AsyncIterator[Servers]:
    """Servers whose files are below `state_dir` while they run; nothing of them is left."""
    async with throwaway_folder(state_dir) as folder:
        postgres = LocalPostgres(folder, durable=False)
        try:
            await postgres.start()
            yield Servers(postgres, folder)
        finally:
            await postgres.remove()
