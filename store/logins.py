"""The role that workers, the API and the command line log in as: it owns nothing, and may only become touchline_app."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import unquote, urlsplit

import asyncpg

from domain.errors import NotReady
from store.pool import load_queries

_sql = load_queries("logins")

_ROUNDS = 4096
"""PostgreSQL's own default (scram_iterations)."""


async def ensure_login(owner_url: str, login_url: str) -> str | None:
    """Make the role that `login_url` names, with its password, where there is none; its name, if it was made.

    As the owner of the tables, after the migrations. A role that there is keeps its password, and is only allowed to
    become touchline_app. Raises NotReady.
    """
    name, password = _named_by(login_url)
    if not name:
        raise NotReady("TOUCHLINE_DATABASE_URL names no role", hint="postgres://ROLE:PASSWORD@HOST/DATABASE")
    if password is not None and not password.isascii():
        raise NotReady(f"the password of {name} has letters beyond ASCII", hint="choose one without, or make the role")
    try:
        owner = await asyncpg.connect(owner_url, command_timeout=60, server_settings={"application_name": "touchline"})
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise NotReady(f"PostgreSQL cannot be used: {error}", hint="check TOUCHLINE_DATABASE_OWNER_URL") from error
    try:
        async with owner.transaction():
            return await _ensured(owner, name, password)
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotReady(
            f"the role {name} could not be made: {error}",
            hint=f"as a role that may: CREATE ROLE {name} LOGIN NOINHERIT PASSWORD '…'; GRANT touchline_app TO {name}",
        ) from error
    finally:
        await owner.close()


def _named_by(url: str) -> tuple[str, str | None]:
    parts = urlsplit(url)
    return unquote(parts.username or ""), None if parts.password is None else unquote(parts.password)


async def _ensured(owner: asyncpg.Connection, name: str, password: str | None) -> str | None:
    made = not await _sql.has_role(owner, name=name)
    if made:
        secret = None if password is None else _verifier(password)
        await owner.execute(await _sql.creation(owner, name=name, secret=secret))
    if (admission := await _sql.admission(owner, name=name)) is not None:
        await owner.execute(admission)
    return name if made else None


def _verifier(password: str) -> str:
    """What the server keeps in the password's place (RFC 5803), so that no statement and no log ever holds it."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    kept, key, checked = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${_ROUNDS}:{kept}${key}:{checked}"
