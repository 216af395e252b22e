"""The console's pages: one application for every address below /console/, built beforehand into console/dist."""

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from starlette.responses import RedirectResponse

from api.http.problems import Refusal

DIST = Path(__file__).resolve().parents[2] / "console" / "dist"
_INDEX = "index.html"
_ASSETS = "assets/"
_ARIA_STYLE = "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='"
"""The one style that React Aria sets, always the same; a test reads what a browser reports when it is another."""
_POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {_ARIA_STYLE}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_PAGE = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LOOK_AGAIN, _FOR_EVER = "no-cache", "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class _File:
    plain: bytes
    zipped: bytes
    etag: str
    media_type: str


@router.get("/console")
async def door(request: Request) -> RedirectResponse:
    """Relative, so that it holds behind a proxy that adds a path."""
    return RedirectResponse("console/", HTTPStatus.TEMPORARY_REDIRECT)


@router.get("/console/{path:path}")
async def page(
    path: str,
    accept_encoding: Annotated[str, Header()] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """A file by its name; every other address is one of the application, which knows its own pages."""
    files = _files(DIST)
    found = files.get(path) if path in files or path.startswith(_ASSETS) else files.get(_INDEX)
    if found is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "the console has no such file", hint="GET /console/ is its first page")
    # What is below assets/ has its content's hash in its name.
    headers = {
        **_PAGE,
        "ETag": found.etag,
        "Vary": "Accept-Encoding",
        "Cache-Control": _FOR_EVER if path.startswith(_ASSETS) else _LOOK_AGAIN,
    }
    if found.etag in if_none_match:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if "gzip" in accept_encoding:
        return Response(found.zipped, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.plain, media_type=found.media_type, headers=headers)


@cache
def _files(folder: Path) -> dict[str, _File]:
    """All of them by their paths, read and compressed once for each process; nothing else is ever served."""
    return {file.relative_to(folder).as_posix(): _read(file) for file in sorted(folder.rglob("*")) if file.is_file()}


def _read(file: Path) -> _File:
    plain = file.read_bytes()
    return _File(
        plain=plain,
        zipped=gzip.compress(plain, mtime=0),
        etag=f'"{sha256(plain).hexdigest()[:32]}"',
        media_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream",
    )
