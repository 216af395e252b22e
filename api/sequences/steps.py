"""The steps of a sequence's working copy, one by one."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.http import etags
from api.http.auth import REFUSALS
from api.http.etags import CONDITIONS, IfMatch
from api.http.problems import answers
from api.http.recorded import RECORDED
from api.sequences.sequences import Reads, SequenceRef, Writes
from authoring import editing
from authoring.listed import Listed, Position
from starter.sequences import drafts

router = APIRouter(
    prefix="/sequences/{id}/steps",
    tags=["steps"],
    responses={**REFUSALS, **answers(404, 422, 503)},
    dependencies=[RECORDED],
)

_REFERENCE = (
    "The step's id, or the name that a step without one has in records (`intro.1`), "
    "or its `path` in the list (`steps[2].then[0]`)."
)
_REF_TEXT = StringConstraints(min_length=1, max_length=500)
Ref = Annotated[str, _REF_TEXT]
StepRef = Annotated[str, Path(description=_REFERENCE, max_length=500)]
Definition = Annotated[
    dict[str, Any],
    Field(
        description="What the step says, by the keys that docs/reference/sequences.md describes; of a graph a whole "
        "node (`id`, `type`, `position`, `data`). It may still have errors.",
        examples=[{"id": "nudge", "type": "sms", "body": "Hi {{ name }}, did my email reach you?"}],
    ),
]


class NewStep(BaseModel):
    """A step, and its place: at most one of `after`, `before` and `inside`; without one it comes last.

    In a graph it is put on the edge that leaves `after` (by the handle `way`), or on those that lead to `before`;
    without a place it stands alone.
    """

    model_config = ConfigDict(extra="forbid")

    definition: Definition
    after: Ref | None = Field(default=None, description=f"Directly after this one. {_REFERENCE}", examples=["hello"])
    before: Ref | None = Field(default=None, description="Directly before this one.")
    inside: Ref | None = Field(default=None, description="At the end of a branch of this one.")
    way: Ref | None = Field(
        default=None,
        description="Which branch of `inside`: `then`, `else`, `completed`, `skipped`, `lapsed`, or a variant's id; "
        "of a graph the handle by which the way leaves `after`.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.after, self.before, self.inside)) > 1:
            raise ValueError("at most one of `after`, `before` and `inside` says where it goes")
        if self.inside is not None and self.way is None:
            raise ValueError("`way` says which branch of `inside`")
        if self.way is not None and self.inside is None and self.after is None:
            raise ValueError("`way` belongs to `inside`, or in a graph to `after`")
        return self

    def place(self) -> Position:
        """Where the step is to stand, as `starter.sequences.drafts` takes it."""
        return Position(self.after or self.before, self.before is not None, self.inside, self.way)


class StepChange(BaseModel):
    """What a step says from now on."""

    model_config = ConfigDict(extra="forbid")

    definition: Definition


class Step(BaseModel):
    """A step of a working copy, or a node of a graph."""

    step: str | None = Field(description="Its id, or the name that it has in records; null: it has none.")
    path: str = Field(description="Its place, as errors name it.", examples=["steps[2].then[0]"])
    type: Any = Field(description="As written, right or wrong.", examples=["email"])
    inside: str | None = Field(description="The step in whose branch it lies; null: it lies in none.")
    way: str | None = Field(description="That branch.", examples=["then"])
    definition: dict[str, Any] = Field(description="What it says, without the steps inside it.")
    ways: list[str] = Field(description="The branches that it has; of a node the handles that edges leave by.")

    @classmethod
    def of(cls, listed: Listed) -> Self:
        """As the API shows it."""
        return cls.model_validate(asdict(listed))


class Steps(BaseModel):
    """All steps of a working copy: as many as a definition may have, so in one part."""

    form: Literal["steps", "graph"]
    items: list[Step] = Field(description="In the author's order, those of branches after the step that branches.")


@router.get("", summary="List the steps of the working copy")
async def list_steps(id: SequenceRef, engine: Reads, response: Response) -> Steps:
    """Steps in branches as well; the ETag of the answer is what a change gives as If-Match."""
    sheet = await drafts.read(engine, id)
    response.headers["ETag"] = etags.of_steps(sheet)
    return Steps(form=drafts.form_of(sheet), items=[Step.of(listed) for listed in editing.steps_of(sheet.definition)])


@router.post("", status_code=HTTPStatus.CREATED, summary="Add a step", responses={**answers(409, 413), **CONDITIONS})
async def add_step(id: SequenceRef, body: NewStep, engine: Writes, match: IfMatch, response: Response) -> Step:
    """The other steps keep their order. 409: its id is taken, or there is no such branch."""
    sheet, added = await drafts.edit(
        engine, id, match.steps, lambda definition: editing.add(definition, body.definition, body.place())
    )
    response.headers["ETag"] = etags.of_steps(sheet)
    return Step.of(added)


@router.put("/{step}", summary="Replace what a step says", responses={**answers(409, 413), **CONDITIONS})
async def change_step(
    id: SequenceRef, step: StepRef, body: StepChange, engine: Writes, match: IfMatch, response: Response
) -> Step:
    """Its place stays, and so do the steps inside it, unless the body holds branches of its own.

    409: its new id is taken, or the steps inside it would be lost.
    """
    sheet, changed = await drafts.edit(
        engine, id, match.steps, lambda definition: editing.put(definition, step, body.definition)
    )
    response.headers["ETag"] = etags.of_steps(sheet)
    return Step.of(changed)


@router.delete(
    "/{step}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Take a step away",
    responses={**answers(409), **CONDITIONS},
)
async def delete_step(id: SequenceRef, step: StepRef, engine: Writes, match: IfMatch, response: Response) -> None:
    """With all that lies inside it; in a graph with its edges, and what led to it goes on where it led.

    What still refers to it is an error that publishing names. 409: several steps are called so.
    """
    sheet, _ = await drafts.edit(engine, id, match.steps, lambda definition: (editing.remove(definition, step), None))
    response.headers["ETag"] = etags.of_steps(sheet)
