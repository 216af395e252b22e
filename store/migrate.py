"""Bring a database to this checkout's schema: dbmate runs the SQL of `schema/migrations`."""

import asyncio
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import asyncpg

from domain.errors import NotReady
from store.pool import load_queries

_sql = load_queries("migrations")

MIGRATIONS = Path(__file__).resolve().parent.parent / "schema" / "migrations"


async def migrate(url: str, migrations: Path = MIGRATIONS) -> list[str]:
    """Create the database if it is missing and apply what is pending; the names of the applied files.

    Needs the role that owns the tables. Safe to run again, and, once the database exists, from several places.
    """
    output = await _dbmate(url, migrations, "--migration-lock", "up", "--strict")
    return [line.split()[1] for line in output.splitlines() if line.startswith("Applied:")]


async def pending_migrations(url: str, migrations: Path = MIGRATIONS) -> list[str]:
    """The names of the migrations that the database still lacks; changes nothing."""
    applied = await _applied(url)
    return [name for name in _files(migrations) if name.partition("_")[0] not in applied]


def _files(migrations: Path) -> list[str]:
    return sorted(file.name for file in migrations.glob("*.sql"))


async def _applied(url: str) -> set[str]:
    """The numbers of the migrations that the database has, asked as whoever may know."""
    try:
        connection = await asyncpg.connect(url, command_timeout=60, server_settings={"application_name": "touchline"})
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise NotReady(f"PostgreSQL cannot be used: {error}", hint="check TOUCHLINE_DATABASE_URL") from error
    try:
        if not await _sql.may_read_migrations(connection):
            await _sql.become_application(connection)
        return {row["version"] async for row in _sql.applied(connection)}
    except asyncpg.UndefinedTableError:
        return set()
    except asyncpg.PostgresError as error:
        raise NotReady(
            f"the migrations cannot be read: {error}", hint="run ./touchline migrate as the owner"
        ) from error
    finally:
        await connection.close()


async def _dbmate(url: str, migrations: Path, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        _program(),
        "--no-dump-schema",
        "--migrations-dir",
        migrations,
        *arguments,
        # By the environment, not the command line: a password there shows in the process list.
        env={**os.environ, "DATABASE_URL": url},
        cwd=migrations,  # not the caller's, whose .env dbmate would read
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = (stream.decode(errors="replace") for stream in await process.communicate())
    if process.returncode != 0:
        # Its "Applying:" lines name the file that failed.
        said = "\n".join(part.strip() for part in (output, errors) if part.strip())
        raise NotReady(f"the database could not be migrated:\n{said}", _hint(said))
    return output


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
