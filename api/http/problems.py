"""Every error in one form: a problem document (RFC 9457) whose `type` is stable, so that programs can rely on it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from domain.errors import (
    Conflict,
    ContentError,
    Malformed,
    NotFound,
    NotReady,
    Stale,
    TouchlineError,
    Unfit,
    Unsound,
    Unverified,
)
from store.pool import LOST

log = structlog.get_logger(__name__)

UNAVAILABLE: tuple[type[Exception], ...] = (*LOST, asyncpg.TransactionRollbackError)
"""What passes in a moment: the database is away, or two transactions got in each other's way."""
MEDIA_TYPE = "application/problem+json"
_TYPES = "urn:problem-type:touchline:"
_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    412: "Precondition failed",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Service unavailable",
}
"""Our own, because Python's names of statuses change; the types are made of them."""
_AGAIN_IN_S = 10
"""When whoever found the database gone should come again."""

_STATUS: dict[type[TouchlineError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    Unfit: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unsound: HTTPStatus.UNPROCESSABLE_ENTITY,
    ContentError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    Unverified: HTTPStatus.UNAUTHORIZED,
    Malformed: HTTPStatus.BAD_REQUEST,
}
"""Any other is a request that was refused: 400."""


def type_of(status: int) -> str:
    """The URI of a kind of error; what was published is never given another meaning."""
    return _TYPES + title_of(status).lower().replace(" ", "-")


def types() -> dict[str, int]:
    """Every kind of error that there is, and its status."""
    return {type_of(status): status for status in _TITLES}


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    place: str = Field(examples=["query.limit"])
    message: str
    hint: str | None = Field(default=None, description="What would be right.")


class Problem(BaseModel):
    """What went wrong, in the form of RFC 9457."""

    type: str = Field(description="Names the kind of error; stable.", examples=[_TYPES + "not-found"])
    title: str = Field(description="The kind in words.")
    status: int
    detail: str | None = Field(default=None, description="What is wrong this time.")
    hint: str | None = Field(default=None, description="How to mend it.")
    faults: list[Fault] | None = Field(default=None, description="Everything that is wrong with the request.")


class Refusal(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        hint: str | None = None,
        faults: list[Fault] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.hint = hint
        self.faults = faults
        self.headers = headers


def problem(
    status: int,
    detail: str | None = None,
    *,
    hint: str | None = None,
    faults: list[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem document; the type follows from the status."""
    title = title_of(status)
    body = Problem(
        type=type_of(status),
        title=title,
        status=status,
        detail=detail,
        hint=hint,
        faults=faults,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status,
        dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def unavailable() -> JSONResponse:
    """503: nothing was changed, or it cannot be known; the same request may succeed soon."""
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the database cannot be reached",
        hint="send the same again in a moment",
        headers={"Retry-After": str(_AGAIN_IN_S)},
    )


def title_of(status: int) -> str:
    """The kind of error in words, of which its type is made."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def install(app: FastAPI) -> None:
    """Every error that a handler raises, and those of the framework, become problem documents."""
    app.add_exception_handler(TouchlineError, _touchline_error)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _invalid)
    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, _lost)


async def _touchline_error(_: Request, error: Exception) -> JSONResponse:
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)
    headers = {"Retry-After": str(_AGAIN_IN_S)} if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    found = error.findings if isinstance(error, Unsound) else ()
    faults = [Fault(place=f.path, message=f.message, hint=f.hint or None) for f in found]
    return problem(status, str(error), hint=getattr(error, "hint", None), faults=faults or None, headers=headers)


async def _refusal(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for this type alone
    return problem(error.status, str(error), hint=error.hint, faults=error.faults, headers=error.headers)


async def _http_exception(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    # The framework's own errors say no more than the status.
    detail = None if error.detail.lower() == title_of(error.status_code).lower() else error.detail
    return problem(error.status_code, detail, headers=error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    # Without the values: they may be personal, and whoever sent them has them.
    faults = [Fault(place=".".join(map(str, e["loc"])), message=str(e["msg"])) for e in error.errors()]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request does not fit its description", faults=faults)


async def _lost(_: Request, error: Exception) -> JSONResponse:
    log.error("database_lost", error=str(error) or type(error).__name__)
    return unavailable()


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may refuse with these."""
    return {status: {"model": Problem, "description": title_of(status)} for status in statuses}
