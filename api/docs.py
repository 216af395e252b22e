"""The description of the API, and the page that shows it."""

from typing import Any

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from api.idempotency import HEADER, LONGEST_KEY, WRITING
from api.problems import MEDIA_TYPE, Problem, title_of

_CDN = "https://cdn.jsdelivr.net"
_PAGE_POLICY = (
    f"default-src 'none'; script-src {_CDN} 'unsafe-inline'; style-src {_CDN} 'unsafe-inline'; "
    "img-src data: https://fastapi.tiangolo.com; connect-src 'self'; frame-ancestors 'none'"
)

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
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def page() -> HTMLResponse:
    """Swagger UI."""
    # Relative, so that it holds behind a proxy that adds a path.
    shown = get_swagger_ui_html(openapi_url="openapi.json", title="Touchline")
    shown.headers["Content-Security-Policy"] = _PAGE_POLICY
    return shown


def with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """The description as FastAPI makes it, with every error in the form that it really has."""
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(described.pop("$defs", {}))
    schemas["Problem"] = described
    for path in schema["paths"].values():
        for method, operation in path.items():
            if operation.get("security"):
                _surround(operation, writes=method.upper() in WRITING)
            for status, answer in operation["responses"].items():
                if status >= "400" and "application/json" in answer.get("content", {}):
                    answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return schema


def _surround(operation: dict[str, Any], *, writes: bool) -> None:
    """What every operation that takes a key may be answered, whatever it does."""
    statuses = [429, 503]
    if writes:
        operation.setdefault("parameters", []).append(_KEY)
        statuses += [400, 409]
    for status in statuses:
        described = {"description": title_of(status), "content": {"application/json": {}}}
        operation["responses"].setdefault(str(status), described)
    headers = operation["responses"]["429"].setdefault("headers", {})
    headers["Retry-After"] = {"description": "Seconds.", "required": True, "schema": {"type": "integer"}}
