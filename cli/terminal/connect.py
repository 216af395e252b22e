"""Where the services are: named by settings, or the local stack that runs now; and what their loss means."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import typer
from pydantic import SecretStr
from temporalio.service import RPCError

import telemetry
from composition import engine_of
from domain.errors import NotFound, NotReady
from local.secret_key import secret_key
from local.stack import LocalStack, StackInfo, running_stack
from settings import Settings, read_settings
from starter.engine import Engine
from store.pool import Database
from store.workspace import tenants

_NOTHING_RUNS = "./touchline up starts the local stack; or set TOUCHLINE_DATABASE_URL and TOUCHLINE_TEMPORAL_ADDRESS"

NO_TENANT = "./touchline tenants list shows those that there are; TOUCHLINE_TENANT names one, unset the default one"


InTenant = Annotated[
    UUID | None,
    typer.Option(
        "--tenant", metavar="ID", show_default=False, help="The workspace to act in, instead of TOUCHLINE_TENANT."
    ),
]


def load_settings(*, level: Literal["warning", "error"] = "warning") -> Settings:
    """The settings as they are, with logging set up. Raises NotReady naming every setting that is wrong."""
    settings = read_settings()
    # Commands answer for themselves; what happens behind them is of interest only to those who ask.
    asked = "log_level" in settings.model_fields_set
    telemetry.configure(settings.log_format, settings.log_level if asked else level)
    return settings


def on_stack(settings: Settings, stack: StackInfo | LocalStack) -> Settings:
    """The settings with the local stack's services in the place of any others, and its key where they name none."""
    keys = settings.secret_keys
    if not keys.get_secret_value():
        keys = SecretStr(secret_key(settings.state_dir))
    return settings.model_copy(
        update={
            "api_port": settings.api_port if stack.api_port is None else stack.api_port,
            "database_url": stack.database_url,
            "database_owner_url": stack.owner_url,
            "temporal_address": stack.temporal_address,
            "temporal_namespace": "default",
            "temporal_tls": False,
            "temporal_api_key": None,
            "temporal_tls_cert": None,
            "temporal_tls_key": None,
            "search_attributes": True,
            "secret_keys": keys,
        }
    )


def located(settings: Settings) -> Settings:
    """The settings with both services named: their own, else the running local stack's. Raises NotReady."""
    named = {
        "TOUCHLINE_DATABASE_URL": settings.database_url,
        "TOUCHLINE_TEMPORAL_ADDRESS": settings.temporal_address,
    }
    missing = [name for name, value in named.items() if not value]
    if not missing:
        return settings
    if len(missing) == 1:
        # Rows in one place and workflows in another would never agree.
        raise NotReady(f"{missing[0]} is not set, but its companion is", hint="set both, or neither")
    stack = running_stack(settings.state_dir)
    if stack is None:
        raise NotReady("nothing is running", hint=_NOTHING_RUNS)
    return on_stack(settings, stack)


@asynccontextmanager
async def database(tenant: UUID | None = None) -> AsyncIterator[tuple[Settings, Database]]:
    """The database alone: reading works while Temporal is down. `tenant`: another one than the settings name."""
    settings = located(load_settings())
    if tenant is not None:
        settings = settings.model_copy(update={"tenant": tenant})
    async with pool(settings) as connected:
        await _must_exist(connected, settings.tenant)
        yield settings, connected


@asynccontextmanager
async def owner() -> AsyncIterator[tuple[Settings, asyncpg.Connection]]:
    """One transaction as the role that owns the tables, who alone sees all tenants."""
    settings = located(load_settings())
    with _losses():
        async with tenants.as_owner(settings.database_owner_url or settings.database_url) as connection:
            yield settings, connection


@asynccontextmanager
async def pool(settings: Settings) -> AsyncIterator[Database]:
    """The database that the settings name, for one command."""
    with _losses():
        connected = await Database.connect(settings.database_url, size=2, name="touchline-cli")
        try:
            yield connected
        finally:
            await connected.close()


@asynccontextmanager
async def engine(settings: Settings | None = None, *, lazy: bool = False) -> AsyncIterator[Engine]:
    """Everything, as the settings say; `lazy`: for commands that do their work also while Temporal is down."""
    with _losses():
        async with engine_of(settings or located(load_settings()), lazy=lazy) as connected:
            await _must_exist(connected.database, connected.tenant_id)
            yield connected


async def _must_exist(connected: Database, tenant: UUID) -> None:
    """Nothing could be written for a tenant that does not exist, and every list would be empty."""
    if tenant not in await connected.tenant_ids():
        raise NotFound(f"no such tenant {tenant}", hint=NO_TENANT)


@contextmanager
def _losses() -> Iterator[None]:
    """A service that goes away in the middle is an error of its own, and no traceback."""
    try:
        yield
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError) as error:
        raise NotReady(
            f"the database has another schema than this checkout: {error}", hint="run ./touchline migrate"
        ) from error
    except asyncpg.DataError:
        raise
    except (
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
        asyncpg.InterfaceError,
        OSError,
    ) as error:
        raise NotReady(
            f"PostgreSQL went away: {error}",
            hint="what was not reported as done may not have been; ./touchline doctor says how things stand",
        ) from error
    except RPCError as error:
        raise NotReady(
            f"Temporal did not answer: {error.message}", hint="./touchline doctor says how things stand"
        ) from error
