"""Bring a database to this checkout's schema: dbmate runs the SQL of `schema/migrations`."""

import asyncio
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from domain.errors import NotReady
from store.database_url import checked, without_login

MIGRATIONS = Path(__file__).resolve().parent.parent / "schema" / "migrations"


async def migrate(url: str, migrations: Path = MIGRATIONS) -> list[str]:
    """Create the database if it is missing and apply what is pending; the names of the applied files.

    Needs the role that owns the tables. Safe to run again, and, once the database exists, from several places.
    """
    output = await _dbmate(url, migrations, "--migration-lock", "up", "--strict")
    return [line.split()[1] for line in output.splitlines() if line.startswith("Applied:")]


async def pending_migrations(url: str, migrations: Path = MIGRATIONS) -> list[str]:
    """The names of the migrations that the database still lacks; changes nothing."""
    output = await _dbmate(url, migrations, "status")
    return [line.removeprefix("[ ] ").strip() for line in output.splitlines() if line.startswith("[ ]")]


async def _dbmate(url: str, migrations: Path, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        _program(),
        "--no-dump-schema",
        "--migrations-dir",
        migrations,
        *arguments,
        # By the environment, not the command line: a password there shows in the process list.
        env={**os.environ, "DATABASE_URL": checked(url)},
        cwd=migrations,  # not the caller's, whose .env dbmate would read
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = (stream.decode(errors="replace") for stream in await process.communicate())
    if process.returncode != 0:
        # Its "Applying:" lines name the file that failed.
        said = without_login("\n".join(part.strip() for part in (output, errors) if part.strip()))
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
        return "check TOUCHLINE_DATABASE_URL; migrations need the role that owns the tables"
    return "nothing of the failed file was applied; mend it and run the migration again"
