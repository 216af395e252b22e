"""The address of the console, with a link that signs in once."""

from datetime import UTC, datetime

from cli.terminal import connect
from local import services
from settings import Settings
from store.workspace import sessions


async def link(settings: Settings) -> str:
    """For whoever started the installation: it may do everything, and lasts for sessions.LINK_LASTS."""
    async with connect.pool(settings) as database, database.transaction(settings.tenant) as tx:
        once = await sessions.make_link(tx, settings.tenant, sessions.EVERYTHING, datetime.now(UTC))
    return f"{services.url_of(settings)}/console/#once={once}"
