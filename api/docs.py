"""The description of the API, and the page that shows it."""

from typing import Any

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from api.problems import MEDIA_TYPE, Problem

_CDN = "https://cdn.jsdelivr.net"
_PAGE_POLICY = (
    f"default-src 'none'; script-src {_CDN} 'unsafe-inline'; style-src {_CDN} 'unsafe-inline'; "
    "img-src data: https://fastapi.tiangolo.com; connect-src 'self'; frame-ancestors 'none'"
)

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
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status >= "400" and "application/json" in answer.get("content", {}):
                    answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return schema
