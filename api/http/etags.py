"""Optimistic concurrency: what a caller has seen, by its ETag, and what a change is therefore based on (If-Match)."""

import json
import re
from dataclasses import asdict, dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header

from api.http.problems import Refusal, answers
from store.sequences.drafts import Sheet
from store.workspace.tenant_settings import Tenant

CONDITIONS = answers(412, 428)
"""The `responses` of a route that must be told what it is based on."""
CONDITION = answers(412)
"""Of one that may be."""

_LIST = re.compile(r'\s*(W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(,\s*(W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*)*')
_TAG = re.compile(r'(W/)?"([^"]*)"')


def of_steps(sheet: Sheet) -> str:
    """The ETag of a working copy: it changes with each change of the definition."""
    return f'"{sheet.revision.hex}"'


def of_sequence(sheet: Sheet) -> str:
    """The ETag of a sequence: it changes also with its status and its newest version."""
    state = f"{sheet.status}/{sheet.version}/{sheet.paused_reason}"
    return f'"{sheet.revision.hex}.{sha256(state.encode()).hexdigest()[:12]}"'


def of_tenant(tenant: Tenant) -> str:
    """The ETag of a tenant's settings: that of what they say, so that a change and its reversal are none."""
    said = json.dumps(asdict(tenant), default=str)
    return f'"{sha256(said.encode()).hexdigest()[:32]}"'


@dataclass(frozen=True)
class Match:
    """An If-Match header."""

    tags: frozenset[str] | None
    """Without their quotes, weak ones left out, as nothing matches them here; None: `*`, whatever is there."""

    def sequence(self, sheet: Sheet) -> bool:
        """Whether the whole sequence still is what was seen."""
        return self.tags is None or of_sequence(sheet).strip('"') in self.tags

    def steps(self, sheet: Sheet) -> bool:
        """Whether the working copy still is what was seen; the ETag of the sequence names it as well."""
        return self.tags is None or sheet.revision.hex in {tag.partition(".")[0] for tag in self.tags}

    def tenant(self, tenant: Tenant) -> bool:
        """Whether the settings still are what was seen."""
        return self.tags is None or of_tenant(tenant).strip('"') in self.tags


_Header = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The ETag that the change is based on. `*`: whatever is there now.",
        max_length=1000,
        examples=['"6f1a3c528f0e4f5e9d3a0d5b9a6f7e11"'],
    ),
]


def _optional(if_match: _Header = None) -> Match:
    if if_match is None or if_match.strip() == "*":
        return Match(None)
    if not _LIST.fullmatch(if_match):
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "`If-Match` is no list of ETags",
            hint="send the ETag of the last answer as it was, its quotes included",
        )
    return Match(frozenset(tag for weak, tag in _TAG.findall(if_match) if not weak))


def _required(match: Annotated[Match, Depends(_optional)], if_match: _Header = None) -> Match:
    if if_match is None:
        raise Refusal(
            HTTPStatus.PRECONDITION_REQUIRED,
            "a change says what it is based on, so that nobody else's is lost",
            hint="send If-Match with the ETag of the last answer; `*` for whatever is there now",
        )
    return match


IfMatch = Annotated[Match, Depends(_required)]
"""Refuses (428) who does not say what the change is based on."""
MaybeIfMatch = Annotated[Match, Depends(_optional)]
"""Matches everything where the header is missing."""
