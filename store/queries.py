"""The named queries of the schema's folder, and what a database that went away raises."""

from pathlib import Path
from typing import Any

import aiosql
import asyncpg

LOST: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    OSError,
)
"""The database went away, or has no connection to spare; TimeoutError is an OSError."""

_SCHEMA = Path(__file__).parent.parent / "schema"


def load_queries(name: str) -> Any:
    """The named queries of `schema/queries/<name>.sql`."""
    return aiosql.from_path(_SCHEMA / "queries" / f"{name}.sql", "asyncpg", mandatory_parameters=False)
