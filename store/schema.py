"""Bring a database to this checkout's schema: dbmate runs the SQL of `schema/migrations`."""

import asyncio
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import asyncpg

from domain.errors import NotReady
from store.database_url import checked, without_login, words_of
from store.pool import load_queries

_sql = load_queries("schema")

MIGRATIONS = Path(__file__).resolve().parent.parent / "schema" / "migrations"

_LOCK_WITHIN_S = 2
"""Longest wait for a table: whoever comes later waits behind us for it, and a provider's call has eight seconds."""
_GIVEN_WAY_S = 3.0
_ATTEMPTS = 100
"""Together about eight minutes: a long export has its end."""


async def migrate(url: str, migrations: Path = MIGRATIONS) -> list[str]:
    """Create the database if it is missing and apply what is pending; the names of the applied files.

    Needs the role that owns the tables. Safe to run again, and, once the database exists, from several places. Where a
    table is in use it gives way and tries again; raises NotReady when that goes on for minutes.
    """
    applied: list[str] = []
    for _ in range(_ATTEMPTS):
        done, said = await _dbmate(url, migrations, "--migration-lock", "up", "--strict")
        applied += [line.split()[1] for line in said.splitlines() if line.startswith("Applied:")]
        if done:
            return applied
        if "lock timeout" not in said and "55P03" not in said:
            raise _failed(said)
        await asyncio.sleep(_GIVEN_WAY_S)
    raise NotReady(
        f"the database could not be migrated, a table is in use:\n{said}",
        "run it again when no export and no other long statement runs (pg_stat_activity names them)",
    )


async def pending_migrations(url: str, migrations: Path = MIGRATIONS) -> list[str]:
    """The names of the migrations that the database still lacks; changes nothing."""
    applied = await _applied(url)
    return [name for name in _files(migrations) if name.partition("_")[0] not in applied]


def _files(migrations: Path) -> list[str]:
    return sorted(file.name for file in migrations.glob("*.sql"))


async def _applied(url: str) -> set[str]:
    """The numbers of the migrations that the database has, asked as whoever may know."""
    try:
        connection = await asyncpg.connect(
            checked(url), command_timeout=60, server_settings={"application_name": "touchline"}
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise NotReady(f"PostgreSQL cannot be used: {words_of(error)}", hint="check TOUCHLINE_DATABASE_URL") from error
    try:
        if not await _sql.may_read_migrations(connection):
            await _sql.become_application(connection)
        return {row["version"] async for row in _sql.applied(connection)}
    except asyncpg.UndefinedTableError:
        return set()
    except asyncpg.PostgresError as error:
        raise NotReady(
            f"the migrations cannot be read: {words_of(error)}", hint="run ./touchline migrate as the owner"
        ) from error
    finally:
        await connection.close()


async def _dbmate(url: str, migrations: Path, *arguments: str) -> tuple[bool, str]:
    """Whether it went well, and what it said; of a failure its "Applying:" lines name the file."""
    options = f"{os.environ.get('PGOPTIONS', '')} -c lock_timeout={_LOCK_WITHIN_S}s".strip()
    process = await asyncio.create_subprocess_exec(
        _program(),
        "--no-dump-schema",
        "--migrations-dir",
        migrations,
        *arguments,
        # By the environment, not the command line: a password there shows in the process list.
        env={**os.environ, "DATABASE_URL": checked(url), "PGOPTIONS": options},
        cwd=migrations,  # not the caller's, whose .env dbmate would read
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = (stream.decode(errors="replace") for stream in await process.communicate())
    if process.returncode == 0:
        return True, output
    return False, without_login("\n".join(part.strip() for part in (output, errors) if part.strip()))


def _failed(said: str) -> NotReady:
    return NotReady(f"the database could not be migrated:\n{said}", _hint(said))


def _program() -> str:
    beside_python = Path(sysconfig.get_path("scripts")) / "dbmate"
    found = str(beside_python) if beside_python.exists() else shutil.which("dbmate")
    if found is None:
        raise NotReady("dbmate, which runs the migrations, is not installed", "run `uv sync`")
    return found


def _hint(said: str) -> str:
    if "SSL is not enabled" in said:
        return "the server speaks no TLS: add ?sslmode=disable to TOUCHLINE_DATABASE_URL, if that network is yours"
    if "connect" in said or "does not exist" in said or "authentication" in said:
        return "check TOUCHLINE_DATABASE_OWNER_URL, or TOUCHLINE_DATABASE_URL where that is not set"
    return "nothing of the failed file was applied; mend it and run the migration again"
