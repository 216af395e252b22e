"""What a `webhook` step posts, and what of the answer is kept for the contact."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from content.headers import single_line
from content.liquid import render
from domain.contact import Contact
from domain.enrollment import Visit
from domain.errors import ContentError
from domain.messages import WebhookContent
from domain.plan import WebhookNode

MAX_BODY = 256 * 1024
_LONGEST_VALUE = 2000
"""Characters of an answer's field that become an attribute."""


def compose_webhook(
    node: WebhookNode,
    visit: Visit,
    templates: Mapping[str, str],
    contact: Contact,
    *,
    sequence: str,
    now: datetime,
) -> tuple[str, WebhookContent]:
    """The URL, and the document: `type`, `timestamp` and `data`, whose keys stay as they are.

    Raises ContentError when a merge field has no value, or the document grew too long.
    """
    document = {
        "type": "sequence.step",
        "timestamp": now.isoformat(),
        "data": {
            "id": visit.job_id,
            "sequence": sequence,
            "step": node.id,
            "lap": visit.lap,
            "enrollment": visit.enrollment_id,
            "contact": {
                "id": contact.external_id,
                "name": contact.name,
                "email": contact.email,
                "phone": contact.phone,
                "company": contact.company,
                "tags": contact.tags,
                "attributes": contact.attributes,
            },
            "fields": {name: render(text, contact) for name, text in inside(templates, "data").items()},
        },
    }
    body = json.dumps(document, ensure_ascii=False, default=_plain)
    if len(body) > MAX_BODY:
        raise ContentError(f"the document has {len(body)} characters, at most {MAX_BODY} are posted")
    headers = {name: single_line(render(text, contact)) for name, text in inside(templates, "headers").items()}
    url = render(templates["url"], contact).strip()
    return url, WebhookContent(body=body, headers=headers, timeout_seconds=node.timeout_seconds)


def kept_of(answer: str | None, templates: Mapping[str, str]) -> dict[str, str]:
    """What the step saves of an answer, by attribute; what is not there, or no single value, is left out."""
    wanted = inside(templates, "save")
    if not wanted or answer is None:
        return {}
    try:
        document = json.loads(answer)
    except ValueError:
        return {}
    found = {attribute: _value(document, path) for attribute, path in wanted.items()}
    return {attribute: value[:_LONGEST_VALUE] for attribute, value in found.items() if value is not None}


def inside(templates: Mapping[str, str], key: str) -> dict[str, str]:
    """The entries of a mapping that the author wrote under `key`."""
    prefix = f"{key}."
    return {name.removeprefix(prefix): text for name, text in templates.items() if name.startswith(prefix)}


def _value(document: Any, path: str) -> str | None:
    for part in path.split("."):
        match document:
            case dict():
                document = document.get(part)
            case list() if part.isdecimal() and int(part) < len(document):
                document = document[int(part)]
            case _:
                return None
    match document:
        case bool():
            return "true" if document else "false"
        case str() | int() | float():
            return str(document).replace("\0", "")
        case _:
            return None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else list(value)
