"""The description of the API, and the page that shows it."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from api.http.idempotency import HEADER, LONGEST_KEY, WRITING
from api.http.problems import MEDIA_TYPE, Problem, title_of, types

_SWAGGER_UI = Path(str(files("fastapi_offline"))) / "static"
"""Swagger UI's own files, byte for byte (Apache-2.0): the page needs nobody else, and tells nobody who reads it."""
_STYLE, _SCRIPT, _START = "swagger-ui.css", "swagger-ui-bundle.js", "start.js"
# Relative, so that it holds behind a proxy that adds a path.
_PAGE = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Touchline</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/{_STYLE}">
<script src="docs/{_SCRIPT}" defer></script>
<script src="docs/{_START}" defer></script>
</head>
<body><div id="swagger-ui"></div></body>
</html>
"""
_START_IT = """\
SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    showExtensions: true,
    showCommonExtensions: true,
    validatorUrl: null, // its makers' server, which would hear of every reader
});
"""
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KEPT = {"Cache-Control": "public, max-age=3600"}

_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "Makes the request safe to repeat: for a day the same request with the same key is answered as the first time, "
        "with `Idempotent-Replayed: true`, and nothing is done again. 409 while the first is under way, and where the "
        "key comes with another request. Answers of 5xx and 429 are not kept. Take a random UUID for each new request."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
}

_MEANINGS = {
    400: "The request makes no sense as it was sent.",
    401: "There is no API key, or it is not valid.",
    403: "The API key lacks the scope that the operation needs.",
    404: "There is no such thing, or it is another tenant's.",
    405: "The path has no such method.",
    408: "The body did not come in time.",
    409: "The request does not fit the present state, or its `Idempotency-Key` belongs to another request.",
    412: "What was to be changed is no longer what `If-Match` says; nothing was changed.",
    413: "The body is longer than the operation takes.",
    415: "The body is of a kind that the operation does not read.",
    422: "The request does not fit its description, or a value makes no sense: `faults` names each place.",
    428: "The operation needs `If-Match`.",
    429: "Too many requests: come again after `Retry-After` seconds.",
    500: "A fault of ours; the log has it under the answer's `X-Request-Id`.",
    503: "Something that is needed is away: nothing was changed, or it cannot be known. The same request may succeed "
    "soon, and with its `Idempotency-Key` nothing is done twice.",
}

_ABOUT = f"""\
**Keys.** Every operation with a lock takes `Authorization: Bearer tl_…`. A key belongs to one tenant and reaches
nothing of another: what is another tenant's is answered 404. Its scopes are `read`, `write` and `admin`; none of them
includes another. The first key is made by `./touchline keys create NAME --scope admin`, further ones by `POST /keys`.

**Repeating.** Writing operations take `{HEADER}`: the same request with the same key is carried out once, and answered
as the first time. Reading operations may be repeated anyway.

**Limits.** Each key may make so many requests a minute; `RateLimit-Policy` and `RateLimit` say how many, and how many
are left. Beyond that the answer is 429, with `Retry-After` in seconds.

**Lists.** They come in parts of `limit` items. `next` of a part is `after` of the following one; null: it was the last.
Parts stay apart however many items are added meanwhile.

**What an operation does not know is refused**: a query parameter or a field of a body that is not described is answered
422, naming it and those that there are, so that a misspelt filter does not pass for none.

**Times** are RFC 3339 with their zone; we answer in UTC.

**Errors** are problem documents (RFC 9457) of `application/problem+json`. `type` is stable; rely on it, and show people
`detail` and `hint`.

| status | `type` | meaning |
|---|---|---|
{{types}}
"""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def page() -> HTMLResponse:
    """Swagger UI."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _PAGE_POLICY})


@router.get(f"/docs/{_START}")
async def start() -> Response:
    """What sets the page going; a file of its own, so that its policy need allow no script within the page."""
    return Response(_START_IT, media_type="text/javascript")


@router.get(f"/docs/{_STYLE}")
async def style() -> FileResponse:
    """Swagger UI's own."""
    return FileResponse(_SWAGGER_UI / _STYLE, headers=_KEPT)


@router.get(f"/docs/{_SCRIPT}")
async def script() -> FileResponse:
    """Swagger UI's own."""
    return FileResponse(_SWAGGER_UI / _SCRIPT, headers=_KEPT)


def about() -> str:
    """What holds for every operation, in Markdown."""
    rows = (f"| {status} | `{kind}` | {_MEANINGS[status]} |" for kind, status in types().items())
    return _ABOUT.format(types="\n".join(rows))


def with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """The description as FastAPI makes it, with every error in the form that it really has."""
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(described.pop("$defs", {}))
    described["properties"]["type"]["enum"] = list(types())
    schemas["Problem"] = described
    for path in schema["paths"].values():
        for method, operation in path.items():
            if "requestBody" in operation:
                _may_answer(operation, 408, 413)
            if operation.get("security"):
                _surround(operation, writes=method.upper() in WRITING)
            for status, answer in operation["responses"].items():
                if status >= "400" and "application/json" in answer.get("content", {}):
                    answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return schema


def _surround(operation: dict[str, Any], *, writes: bool) -> None:
    """What every operation that takes a key may be answered, whatever it does."""
    _may_answer(operation, 429, 503)
    if writes:
        operation.setdefault("parameters", []).append(_KEY)
        _may_answer(operation, 400, 409)
    headers = operation["responses"]["429"].setdefault("headers", {})
    headers["Retry-After"] = {"description": "Seconds.", "required": True, "schema": {"type": "integer"}}


def _may_answer(operation: dict[str, Any], *statuses: int) -> None:
    for status in statuses:
        described = {"description": title_of(status), "content": {"application/json": {}}}
        operation["responses"].setdefault(str(status), described)
