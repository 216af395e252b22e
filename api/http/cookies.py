"""The cookie of a session of the console, and which requests may speak by it."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from store.workspace import sessions

NAME = "touchline_session"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def session_for(scope: Scope) -> str | None:
    """The session that a request may speak by, valid or not; None: it has none, or another page sends it."""
    headers = Headers(scope=scope)
    return session_in(headers) if scope["method"] in _READING or is_of_our_page(headers) else None


def session_in(headers: Headers) -> str | None:
    """The session that the browser holds, valid or not."""
    held = cookie_parser(headers.get("cookie", "")).get(NAME, "")
    return held if sessions.is_session(held) else None


def is_of_our_page(headers: Headers) -> bool:
    """Whether a page of this very origin sends it.

    SameSite does not tell: it takes every port of a host for the same site.
    """
    if site := headers.get("sec-fetch-site"):
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")
