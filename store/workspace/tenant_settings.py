"""What a tenant has decided about all of its messages."""

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

import asyncpg

from domain.events import LeavingPolicy
from domain.plan import AmbiguousPolicy
from store.pool import load_queries

_sql = load_queries("workspace/tenant_settings")


@dataclass(frozen=True)
class Tenant:
    """A workspace."""

    id: UUID
    name: str
    timezone: str
    """IANA name."""
    help_text: str | None
    """What HELP is answered with; None: nothing."""
    opt_out_text: str | None
    """What confirms an opt-out; None: nothing."""
    postal_address: str | None
    track_opens: bool
    track_clicks: bool
    webhook_allow: tuple[str, ...]
    """Hosts, and networks in CIDR notation, that webhooks may call although they are not public."""
    holidays: tuple[date, ...]
    """Its own, by the clock of whoever is written to: nobody is written to on these."""
    review_days: int | None
    """After so many days a message that may be an opt-out, and that nobody has judged, counts as one; None: never."""
    on_ambiguous: AmbiguousPolicy
    """For sequences that name no policy of their own."""
    on_left: LeavingPolicy


async def read(tx: asyncpg.Connection) -> Tenant | None:
    """The transaction's own tenant; None when there is no such tenant."""
    row = await _sql.read_tenant(tx)
    if row is None:
        return None
    return Tenant(**{**row, "webhook_allow": tuple(row["webhook_allow"]), "holidays": tuple(row["holidays"])})


async def hold(tx: asyncpg.Connection) -> Tenant | None:
    """The transaction's own tenant, which nobody else changes before it ends; None when there is no such tenant."""
    await _sql.hold_tenant(tx)
    return await read(tx)


async def change(tx: asyncpg.Connection, tenant: Tenant) -> None:
    """Store everything but the name, which is not the tenant's to change."""
    values = asdict(tenant)
    del values["name"]
    await _sql.change_tenant(tx, **values)
