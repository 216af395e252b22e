"""Tenants are made, and listed, by whoever owns the database; no key of any tenant's can."""

import asyncpg

from domain import ids
from domain.errors import Conflict, Unfit
from scheduling.zones import is_zone
from store.workspace import tenants
from store.workspace.tenants import Workspace

LONGEST_NAME = 200
DEFAULT_ZONE = "America/New_York"


async def add(tx: asyncpg.Connection, name: str, timezone: str) -> Workspace:
    """Make a tenant, as the owner of the tables. Raises Unfit, or Conflict for a name that is taken."""
    name = " ".join(name.split())
    # People who unsubscribe read it too.
    if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise Unfit(
            f"a tenant needs a name of 1 to {LONGEST_NAME} characters that can be seen",
            hint="say whose it is, such as Acme",
        )
    if not is_zone(timezone):
        raise Unfit(f"{timezone!r} is not a time zone", hint="write it as America/New_York")
    if (known := await tenants.named(tx, name)) is not None:
        raise Conflict(
            f"there is a tenant {name!r} already: {known}", hint="look at those that there are", command="tenants list"
        )
    return await tenants.add(tx, ids.new_id(), name, timezone)
