"""Contacts in and out as CSV files, however many: neither is ever in memory as a whole."""

import asyncio
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from api.auth import REFUSALS, needs, takes_turn
from api.csv_export import stream_csv
from api.frame import MAX_CONTACT_FILE
from api.problems import Refusal, answers
from starter.contact_export import export
from starter.contacts import ImportReport, import_csv
from starter.engine import Engine
from starter.telling import say_many
from store import once

router = APIRouter(prefix="/contacts", tags=["contacts"], responses={**REFUSALS, **answers(503)})

_MEDIA_TYPE = "text/csv"
_EXAMPLE = (
    "external_id,name,email,phone,timezone,tags,status,plan\r\n"
    "C-1001,Ada Lovelace,ada@example.com,,,vip;new,customer,gold\r\n"
)
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {_MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {_MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


@router.post(
    "/import",
    summary="Import contacts from a CSV file",
    responses=answers(400, 413, 415, 422),
    dependencies=[takes_turn(lambda edge: edge.imports)],
    openapi_extra=_BODY,
    description=f"""The body is the file, up to {MAX_CONTACT_FILE:,} bytes: UTF-8, with a header line; delimited by
comma, semicolon or tab. Columns: `external_id`, `name`, `email`, `phone`, `company`, `timezone`, `tags`, `triggers`
(several separated by semicolons), `status`; any other column is an attribute, with or without `attributes.` before its
name: `attributes.status` is the attribute of that name. Contacts are made or changed by their external id; an empty
cell leaves what is stored. A cell that begins with an apostrophe before `=`, `+`, `-` or `@`, as the export writes it,
is read without the apostrophe.

Good lines go in, a few thousand at a time; the others are named in the answer. Live enrollments go by the new values
from then on, and those whose goal holds now end.

An import that broke off is simply sent again: what went in before is only written once more.""",
)
async def import_contacts(request: Request, engine: Annotated[Engine, needs("write")]) -> ImportReport:
    """Set the file down, then read it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a contact file is sent as text/csv", hint="set Content-Type")
    with NamedTemporaryFile(suffix=".csv") as file:
        async for chunk in request.stream():
            await asyncio.to_thread(file.write, chunk)
        file.flush()
        with once.apart():
            return await import_csv(
                engine.database,
                engine.tenant_id,
                Path(file.name),
                default_region=engine.default_region,
                tell=partial(say_many, engine),
            )


@router.get(
    "/export",
    summary="Export contacts as a CSV file",
    response_class=StreamingResponse,
    responses=_FILE,
    dependencies=[takes_turn(lambda edge: edge.exports)],
)
async def export_contacts(engine: Annotated[Engine, needs("read")]) -> StreamingResponse:
    """All contacts as they are at this moment, the oldest first, with a column for each attribute that any of them has.

    An import of the file changes nothing. Texts that a spreadsheet would take for a formula have an apostrophe before
    them. A contact whose external id is `export` is read by our id.
    """
    rows = export(engine)
    header = [str(name) for name in await anext(rows)]
    return stream_csv(header, rows, "contacts.csv")
