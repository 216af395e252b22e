"""The named queries of the schema's folder, and what a database that went away raises."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
import asyncpg
from pydantic_core import to_json

LOST: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
    OSError,
)
"""The database went away, gave us up, or has no connection to spare; TimeoutError is an OSError.

asyncpg's InternalClientError is what a statement meets between the words that end its session and the end itself.
"""

_SCHEMA = Path(__file__).parent.parent / "schema"


def load_queries(name: str) -> Any:
    """The named queries of `schema/queries/<name>.sql`."""
    return aiosql.from_path(_SCHEMA / "queries" / f"{name}.sql", "asyncpg", mandatory_parameters=False)


class Prepared:
    """A named query as text, with its values in it: for what rides in one round trip with a statement after it."""

    def __init__(self, name: str, query: Any) -> None:
        self.name = name
        self.prepare = f"PREPARE {name} AS {query.sql}"
        self._order = tuple(query.__signature__.parameters)[1:]

    def execute(self, **values: object) -> str:
        """The statement that runs it, on a connection that has prepared it."""
        return f"EXECUTE {self.name} ({', '.join(_literal(values[name]) for name in self._order)})"


def _literal(value: object) -> str:
    """Nothing that anybody wrote stands in a statement but as hexadecimal digits."""
    match value:
        case UUID():
            return f"'{UUID(int=value.int)}'"
        case datetime():
            return f"'{value.isoformat()}'"
        case str():
            return f"convert_from('\\x{value.encode().hex()}', 'UTF8')"
        case dict():
            return f"convert_from('\\x{to_json(value).hex()}', 'UTF8')::jsonb"
    raise TypeError(f"no literal for {type(value).__name__}")
