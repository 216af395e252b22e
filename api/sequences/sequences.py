"""Sequences: their working copies, their versions, and how they stand."""

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.http import etags
from api.http.auth import REFUSALS, needs
from api.http.etags import CONDITION, CONDITIONS, IfMatch, MaybeIfMatch
from api.http.paging import After, Limit, Page, part, place
from api.http.problems import answers
from api.http.recorded import RECORDED
from domain.diagnostics import Diagnostic
from domain.fields import Key, Label
from starter.engine import Engine
from starter.sequences import drafts as starter
from starter.sequences.drafts import SETTINGS, Status, Wishes
from store.sequences import drafts
from store.sequences.drafts import Sheet, Summary

router = APIRouter(
    prefix="/sequences", tags=["sequences"], responses={**REFUSALS, **answers(422, 503)}, dependencies=[RECORDED]
)

Reads = Annotated[Engine, needs("read")]
Writes = Annotated[Engine, needs("write")]
SequenceRef = Annotated[str, Path(description="The sequence's key or id.", max_length=64)]

_MAX_TEXT = 1_000_000
_STEPS = [{"id": "hello", "type": "email", "subject": "Hi {{ name }}", "body": "A quick question."}]
_DEFINITION = (
    "A sequence as steps (`steps`) or as a flow builder's graph (`nodes`, `edges`), with its settings: "
    "an object, or its text in YAML or JSON. docs/reference/sequences.md describes every key. It may still have errors."
)
_SETTINGS = (
    f"Keys that hold for the whole sequence: {', '.join(f'`{name}`' for name in SETTINGS)}. "
    "All of them: a key that is left out goes back to its default."
)

Written = Annotated[
    dict[str, Any] | Annotated[str, StringConstraints(max_length=_MAX_TEXT)],
    Field(description=_DEFINITION, examples=[{"sequence": "cold-outreach", "steps": _STEPS}]),
]
Settings = Annotated[
    dict[str, Any],
    Field(description=_SETTINGS, examples=[{"window": {"days": "mon-fri", "from": "09:00", "to": "17:00"}}]),
]
Description = Annotated[str, StringConstraints(pattern=r"\S", max_length=10_000)]
Reason = Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewSequence(_Body):
    """A sequence to be; at least its key or its name is given, here or in the definition."""

    key: Key | None = Field(default=None, description="By default made of the name.", examples=["cold-outreach"])
    name: Label | None = Field(default=None, examples=["Cold outreach"])
    description: Description | None = None
    settings: Settings | None = None
    definition: Written | None = None


class SequenceChange(_Body):
    """What is to be otherwise; whatever is left out stays as it is."""

    name: Label | None = Field(default=None, description="null: it is called by its key.", examples=["Cold outreach"])
    description: Description | None = Field(default=None, description="null: none.")
    settings: Settings | None = None
    definition: Written | None = Field(default=None, description=f"The whole working copy. {_DEFINITION}")
    status: Status | None = Field(
        default=None,
        description="`paused` holds everybody before their next message, `active` lets them go on, `archived` enrolls "
        "nobody any more. A draft becomes active by being published, and nothing becomes a draft again.",
    )
    reason: Reason | None = Field(
        default=None, description="Of the new status: why it is paused, or why people were stopped."
    )
    stop: bool = Field(
        default=False, description="Of `archived`: stop whoever is in it at once; otherwise they go on to their end."
    )

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.reason is not None and self.status not in ("paused", "archived"):
            raise ValueError("`reason` belongs to the status `paused` or `archived`")
        if self.stop and self.status != "archived":
            raise ValueError("`stop` belongs to the status `archived`")
        return self

    def wishes(self) -> Wishes:
        """What is to change, as `starter.sequences.drafts` takes it."""
        given = {"name": self.name, "description": self.description}
        labels = {name: value for name, value in given.items() if name in self.model_fields_set}
        return Wishes(labels, self.settings, self.definition, self.status, self.reason, self.stop)


class CopyOf(_Body):
    """What a copy is called."""

    key: Key | None = Field(default=None, description="By default that of the original with `-copy`.")
    name: Label | None = Field(default=None, description="By default that of the original with `(copy)`.")


class SequenceSummary(BaseModel):
    """A sequence in a list."""

    id: UUID
    key: str
    name: str
    description: str | None
    status: Status
    paused_reason: str | None = Field(
        description="Why it is paused. It pauses itself when a fault would fail everybody, and when too many of its"
        " last messages failed (`brake`)."
    )
    triggers: list[str] = Field(description="Those of the newest version: what enrolls contacts by itself.")
    version: int | None = Field(description="The newest published one; null: it was never published.")
    published_at: datetime | None
    unpublished_changes: bool = Field(description="Whether the working copy was changed since it was published.")
    created_at: datetime
    updated_at: datetime = Field(description="When the working copy was changed last.")

    @classmethod
    def of(cls, summary: Summary) -> Self:
        """As the API shows it."""
        return cls.model_validate(asdict(summary))


class Sequence(SequenceSummary):
    """A sequence with its working copy: what the next version will be, right or wrong."""

    form: Literal["steps", "graph"]
    settings: dict[str, Any] = Field(description="The keys of the working copy that hold for the whole sequence.")
    definition: dict[str, Any] = Field(description="The working copy as its author left it.")

    @classmethod
    def of(cls, summary: Summary) -> Self:
        """As the API shows it."""
        assert isinstance(summary, Sheet)  # noqa: S101 - a list has no working copies
        return cls.model_validate(
            {
                **asdict(summary),
                "form": starter.form_of(summary),
                "settings": {name: summary.definition[name] for name in SETTINGS if name in summary.definition},
            }
        )


class PublishedVersion(BaseModel):
    """What publishing led to."""

    sequence: str
    version: int
    changed: bool = Field(description="false: the newest version means the same already, and nothing was published.")
    warnings: list[Diagnostic] = Field(description="What is allowed and probably not meant.")


class ToCheck(_Body):
    """A definition, right or wrong."""

    definition: Written


class Checked(BaseModel):
    """Everything that is known of a definition."""

    ok: bool = Field(description="Whether it can be published; warnings do not count.")
    sequence: str | None = Field(description="Its key; null where it has none.")
    steps: int | None = Field(description="How many there are; null where there are errors.")
    findings: list[Diagnostic] = Field(description="Errors and warnings in the order of the text.")


class ToConvert(ToCheck):
    """A definition, and how it is to be written."""

    form: Literal["steps", "graph"] = Field(examples=["graph"])


class Converted(BaseModel):
    """The definition in the form that was asked for."""

    form: Literal["steps", "graph"]
    definition: dict[str, Any]


def _shown(sheet: Sheet, response: Response) -> Sequence:
    response.headers["ETag"] = etags.of_sequence(sheet)
    return Sequence.of(sheet)


@router.get("", summary="List the sequences")
async def list_sequences(
    engine: Reads,
    status: Annotated[Status | None, Query(description="Only those of this status.")] = None,
    search: Annotated[
        str | None,
        Query(description="Part of the name or key, in any case.", min_length=1, max_length=200, pattern=r"^[^\x00]*$"),
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[SequenceSummary]:
    """By key, without their working copies."""
    behind = place("sequences", after, str)
    async with engine.transaction() as tx:
        rows = await drafts.page(tx, status=status, search=search, after=behind and behind[0], limit=limit + 1)
    return part("sequences", [SequenceSummary.of(row) for row in rows], limit, lambda one: (one.key,))


@router.post("", status_code=HTTPStatus.CREATED, summary="Create a sequence as a draft", responses=answers(409, 413))
async def create_sequence(body: NewSequence, engine: Writes, response: Response) -> Sequence:
    """With a definition, or empty: `POST /sequences/{id}/steps` adds steps. Nobody enters before it is published."""
    labels = {name: value for name in ("name", "description") if (value := getattr(body, name)) is not None}
    sheet = await starter.create(
        engine, key=body.key, labels=labels, settings=body.settings, definition=body.definition
    )
    response.headers["Location"] = f"/sequences/{sheet.key}"
    return _shown(sheet, response)


@router.post("/check", summary="Check a definition without storing it", responses=answers(413))
async def check_definition(body: ToCheck, engine: Reads) -> Checked:
    """Every error and warning at once, each with its place and its fix; 200 also where there are errors.

    Lines are those of a text; of an object they say nothing, its places do.
    """
    found = await starter.examine(body.definition)
    return Checked(
        ok=found.ok,
        sequence=found.definition.sequence if found.definition else None,
        steps=len(found.flow.stages) if found.flow else None,
        findings=list(found.diagnostics),
    )


@router.post("/convert", summary="Write steps as a graph, or a graph as steps", responses=answers(413))
async def convert_definition(body: ToConvert, engine: Reads) -> Converted:
    """Nothing is stored. Either means the same: it compiles to the same plan. A graph has a position for each node.

    400: the branches of a graph lie too deep for a list of steps. 422: it has errors, which `faults` names.
    """
    return Converted(form=body.form, definition=await starter.convert(body.definition, body.form))


@router.get("/{id}", summary="Get a sequence with its working copy", responses=answers(404))
async def get_sequence(id: SequenceRef, engine: Reads, response: Response) -> Sequence:
    """The ETag of the answer is what a change gives as If-Match."""
    return _shown(await starter.read(engine, id), response)


@router.put("/{id}", summary="Change a sequence", responses={**answers(404, 409, 413), **CONDITIONS})
async def change_sequence(
    id: SequenceRef, body: SequenceChange, engine: Writes, match: IfMatch, response: Response
) -> Sequence:
    """Name, description, settings and definition are those of the working copy; the status takes effect at once.

    All of it is done, or nothing. 409: the sequence cannot come to that status. 412: somebody else changed it.
    """
    return _shown(await starter.update(engine, id, match.sequence, body.wishes()), response)


@router.delete(
    "/{id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a sequence that was never published",
    responses={**answers(404, 409), **CONDITION},
)
async def delete_sequence(id: SequenceRef, engine: Writes, match: MaybeIfMatch) -> None:
    """409: it was published, so its records need it; archive it instead."""
    await starter.delete(engine, id, match.sequence)


@router.post(
    "/{id}/duplicate",
    status_code=HTTPStatus.CREATED,
    summary="Copy a sequence into a new draft",
    responses=answers(404, 409),
)
async def duplicate_sequence(
    id: SequenceRef, engine: Writes, response: Response, body: CopyOf | None = None
) -> Sequence:
    """The working copy is copied; versions and people stay where they are."""
    wanted = body or CopyOf()
    sheet = await starter.duplicate(engine, id, key=wanted.key, label=wanted.name)
    response.headers["Location"] = f"/sequences/{sheet.key}"
    return _shown(sheet, response)


@router.post("/{id}/publish", summary="Publish the working copy", responses={**answers(404), **CONDITION})
async def publish_sequence(id: SequenceRef, engine: Writes, match: MaybeIfMatch) -> PublishedVersion:
    """It becomes the next version; people in it stay on theirs. The same content again changes nothing.

    422: it has errors, which `faults` names, each with its place and its fix. 503: a channel that it uses has no
    provider, or a merge field that the sender fills in has no value.
    """
    done = await starter.publish(engine, id, match.sequence)
    return PublishedVersion(
        sequence=done.key,
        version=done.published.version,
        changed=done.published.changed,
        warnings=list(done.warnings),
    )
