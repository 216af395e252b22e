"""What an author does to the working copy of a sequence, and when it becomes a version."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import asyncpg

from authoring.check import Checked, check
from authoring.drafted import Definition, copy_keys, is_graph, key_for, key_of, keyed, readable, text_of
from authoring.language.definition import SequenceHeader
from authoring.to_graph import to_graph
from authoring.to_steps import to_steps
from domain.diagnostics import Diagnostic
from domain.enrollment import by_hand
from domain.errors import Conflict, Stale, Unsound
from starter.engine import Engine
from starter.sequences import archive
from starter.sequences import status as standing
from starter.sequences.publish import store_version
from store import once
from store.sequences import drafts, sequences
from store.sequences.drafts import Sheet
from store.sequences.sequences import Published

T = TypeVar("T")
Status = Literal["draft", "active", "paused", "archived"]
Seen = Callable[[Sheet], bool]
"""Whether a sequence still is what the caller bases a change on."""
_After = Callable[[], Awaitable[object]]
"""What is to be done once a change is committed."""

SETTINGS = tuple(name for name in SequenceHeader.model_fields if name not in ("sequence", "name", "description"))
"""The keys of a definition that hold for the whole sequence."""


@dataclass(frozen=True)
class Wishes:
    """What is to be changed of a sequence; what is not named stays as it is."""

    labels: Mapping[str, str | None] = field(default_factory=dict)
    """`name`, `description`; None takes it away."""
    settings: Mapping[str, Any] | None = None
    """All of them: a key that is left out goes back to its default."""
    definition: Definition | str | None = None
    """In the place of the whole working copy; labels and settings come on top."""
    status: Status | None = None
    reason: str | None = None
    """Of a pause; of those whom archiving stops."""
    stop: bool = False
    """Of archiving: whoever is in it is stopped; otherwise they finish."""


async def create(
    engine: Engine,
    *,
    key: str | None,
    labels: Mapping[str, str | None],
    settings: Mapping[str, Any] | None,
    definition: Definition | str | None,
) -> Sheet:
    """A new sequence, a draft; its key is the given one, the definition's, or made of its name.

    Raises Conflict when the key is taken, Unsound when there is none, or the definition cannot be read.
    """
    document = await asyncio.to_thread(readable, definition) if definition is not None else {"steps": []}
    document = _labelled(document, labels)
    if settings is not None:
        document = _with_settings(document, settings)
    named = key_for(key, document)
    document = await asyncio.to_thread(readable, keyed(document, named))
    async with engine.transaction() as tx:
        if await drafts.create(tx, engine.tenant_id, named, document) is None:
            raise Conflict(f"there is a sequence {named!r} already", hint="choose another key")
        return await found(tx, named)


async def read(engine: Engine, name: str) -> Sheet:
    """A sequence by key or id, with its working copy. Raises NotFound."""
    async with engine.transaction() as tx:
        return await found(tx, name)


async def found(tx: asyncpg.Connection, name: str) -> Sheet:
    """A sequence by key or id, with its working copy. Raises NotFound."""
    sheet = await drafts.find(tx, name)
    if sheet is None:
        raise sequences.no_such(name)
    return sheet


async def edit(
    engine: Engine, name: str, seen: Seen, change: Callable[[Definition], tuple[Definition, T]]
) -> tuple[Sheet, T]:
    """Change the working copy; `change` answers another one, and what else is to be known of it.

    Raises NotFound, Stale, Unsound for what cannot be read, and what `change` raises.
    """

    async def attempt() -> tuple[Sheet, T]:
        async with engine.transaction() as tx:
            sheet = await _held(tx, name, seen)
            document, known = await asyncio.to_thread(change, sheet.definition)
            await drafts.change(tx, sheet, await asyncio.to_thread(_same, sheet, document))
            return await found(tx, sheet.key), known

    return await engine.database.repeat(attempt)


async def update(engine: Engine, name: str, seen: Seen, wishes: Wishes) -> Sheet:
    """Change labels, settings, definition and status at once, all of it or nothing.

    Raises NotFound, Stale, Unsound, Conflict for a status that it cannot come to, and NotReady where there are more to
    be stopped than one answer has time for. Where Temporal does not hear of what was changed, the reconciler tells it
    later.
    """
    # Thousands are not stopped in one transaction: the parts commit one by one, and a repetition goes on from there.
    with once.apart() if wishes.stop else nullcontext():
        key, after = await engine.database.repeat(lambda: _update(engine, name, seen, wishes))
        if after is not None:
            await after()
    return await read(engine, key)


async def _update(engine: Engine, name: str, seen: Seen, wishes: Wishes) -> tuple[str, _After | None]:
    """The sequence's key, and what is to be done after the commit."""
    async with engine.transaction() as tx:
        sheet = await _held(
            tx, name, lambda sheet: seen(sheet) or _is_begun(sheet, wishes), standing_too=wishes.status is not None
        )
        document = await asyncio.to_thread(_wished, sheet.definition, wishes)
        if document != sheet.definition:
            changed = await asyncio.to_thread(_same, sheet, document)
            if changed != sheet.definition:
                _must_be_seen(sheet, seen)
            await drafts.change(tx, sheet, changed)
        return sheet.key, None if wishes.status is None else await _move(tx, engine, sheet, wishes)


async def examine(definition: Definition | str) -> Checked:
    """Everything that `check` says about a definition, or its text."""
    text = definition if isinstance(definition, str) else text_of(definition)
    return await asyncio.to_thread(check, text)


async def convert(definition: Definition | str, form: Literal["steps", "graph"]) -> dict[str, Any]:
    """The document in the other form that means the same; one that has it already is answered as it is.

    Raises Unsound for a definition with errors, TooNested for a graph that a list of steps does not hold.
    """
    checked = await examine(definition)
    if checked.definition is None or checked.flow is None:
        raise Unsound("the definition has errors, and cannot be converted", checked.diagnostics)
    return (to_graph if form == "graph" else to_steps)(checked.definition, checked.flow)


def form_of(sheet: Sheet) -> Literal["steps", "graph"]:
    """How its working copy is written."""
    return "graph" if is_graph(sheet.definition) else "steps"


async def duplicate(engine: Engine, name: str, *, key: str | None = None, label: str | None = None) -> Sheet:
    """A draft that says what another sequence's working copy says, by default under `<key>-copy`.

    Raises NotFound, and Conflict when the key is taken.
    """
    async with engine.transaction() as tx:
        sheet = await found(tx, name)
        document = _labelled(sheet.definition, {"name": label or f"{sheet.name[:190]} (copy)"})
        for named in (key,) if key is not None else copy_keys(sheet.key):
            if await drafts.create(tx, engine.tenant_id, named, keyed(document, named)) is not None:
                return await found(tx, named)
    raise Conflict(f"there is a sequence {key or sheet.key + '-copy'!r} already", hint="choose another key")


async def delete(engine: Engine, name: str, seen: Seen) -> None:
    """Delete a sequence that was never published. Raises NotFound, Stale, and Conflict for any other."""

    async def attempt() -> None:
        async with engine.transaction() as tx:
            sheet = await _held(tx, name, seen)
            if sheet.version is not None or not await drafts.delete(tx, sheet.id):
                raise Conflict(
                    f"sequence {sheet.key!r} was published, and its records need it",
                    hint="archive it: nobody is enrolled in it any more",
                )

    await engine.database.repeat(attempt)


@dataclass(frozen=True)
class Outcome:
    """What publishing a working copy led to."""

    key: str
    published: Published
    warnings: tuple[Diagnostic, ...]


async def publish(engine: Engine, name: str, seen: Seen) -> Outcome:
    """The working copy becomes the next version, unless the newest one says the same.

    Raises NotFound, Stale, Unsound with every error, and NotReady as `starter.sequences.publish` does.
    """
    return await engine.database.repeat(lambda: _publish(engine, name, seen))


async def _publish(engine: Engine, name: str, seen: Seen) -> Outcome:
    async with engine.transaction() as tx:
        sheet = await _held(tx, name, seen)
        checked = await asyncio.to_thread(check, text_of(sheet.definition), filename=sheet.key)
        errors = [f for f in checked.diagnostics if f.severity == "error"]
        if errors:
            raise Unsound(f"sequence {sheet.key!r} has errors; nothing was published", errors)
        published = await store_version(tx, engine, checked)
        await drafts.mark_published(tx, sheet.id)
        return Outcome(sheet.key, published, checked.diagnostics)


async def _held(tx: asyncpg.Connection, name: str, seen: Seen, *, standing_too: bool = False) -> Sheet:
    """A sequence whose working copy (and status) nobody else changes before the transaction ends."""
    sheet = await drafts.hold(tx, name)
    if sheet is not None and standing_too:
        await sequences.hold(tx, sheet.key)
        sheet = await drafts.find(tx, sheet.key)
    if sheet is None:
        return await found(tx, name)
    _must_be_seen(sheet, seen)
    return sheet


def _must_be_seen(sheet: Sheet, seen: Seen) -> None:
    """Raises Stale."""
    if not seen(sheet):
        raise Stale(
            f"sequence {sheet.key!r} was changed meanwhile; nothing of this was done",
            hint="get it again, make the change there, and send it with the new ETag",
        )


def _is_begun(sheet: Sheet, wishes: Wishes) -> bool:
    """Whether a request that is made again may have changed it itself: what it wishes holds (RFC 9110, 13.1.1)."""
    return wishes.stop and sheet.status == wishes.status and once.request_id() is not None


def _same(sheet: Sheet, document: Definition) -> dict[str, Any]:
    """What a sequence becomes by a change: it is the same one, and can be read again."""
    if key_of(document) not in (None, sheet.key):
        raise Conflict(f"the key of a sequence stays what it is: {sheet.key!r}", hint="duplicate it under another key")
    return readable(keyed(document, sheet.key))


def _wished(old: Definition, wishes: Wishes) -> dict[str, Any]:
    document = dict(old) if wishes.definition is None else readable(wishes.definition)
    document = _labelled(document, wishes.labels)
    return document if wishes.settings is None else _with_settings(document, wishes.settings)


def _labelled(document: Definition, labels: Mapping[str, str | None]) -> dict[str, Any]:
    kept = {name: value for name, value in document.items() if name not in labels}
    return {**kept, **{name: value for name, value in labels.items() if value is not None}}


def _with_settings(document: Definition, settings: Mapping[str, Any]) -> dict[str, Any]:
    unknown = [name for name in settings if name not in SETTINGS]
    if unknown:
        raise Unsound(
            "there are no such settings",
            [
                Diagnostic(path=name[:80], line=1, message="no such setting", hint=f"one of {', '.join(SETTINGS)}")
                for name in unknown
            ],
        )
    return {**{name: value for name, value in document.items() if name not in SETTINGS}, **settings}


async def _move(tx: asyncpg.Connection, engine: Engine, sheet: Sheet, wishes: Wishes) -> _After | None:
    """Bring a sequence to the wished status; answers what is to be done after the commit."""
    row = await standing.hold(tx, sheet.key)
    match wishes.status:
        case "archived" if row.status != "archived" or wishes.stop:
            held = await standing.archive(tx, row)
            stop, reason = wishes.stop, by_hand(wishes.reason or "archived")
            words = [] if stop else await standing.call(tx, held, engine.now())
            within_s = archive.ANSWERED_WITHIN_S
            return lambda: archive.wind_up(engine, row.id, words, stop=stop, reason=reason, within_s=within_s)
        case "paused" if row.status != "paused" or wishes.reason not in (None, row.paused_reason):
            await standing.pause(tx, row, wishes.reason or "paused by an operator")
        case "active" if row.status != "active":
            woken = await standing.resume(tx, row, engine.now())
            return lambda: standing.wake(engine, woken)
        case "draft" if row.status != "draft":
            raise Conflict(
                f"sequence {row.key!r} was published, and stays so",
                hint="pause it, or change its working copy, which runs only when it is published",
            )
    return None
