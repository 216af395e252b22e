"""Contacts made and changed one at a time, by the rules of a contact file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ConfigDict

from domain import ids
from domain.base import Frozen
from domain.contact import COLUMNS, MAX_COLUMN_NAME, column_name
from domain.errors import Conflict, Unfit
from scheduling.zones import candidate_zones
from starter.contacts.fields import SEPARATOR, ill_formed, is_one_line, reached, region_for
from starter.contacts.replan import replan
from starter.engine import Engine
from starter.signals import deliver
from store.contacts import records
from store.contacts.records import ContactRecord
from store.enrollments import date_waits
from store.enrollments.signals import OpenSignal
from store.inbound import waits

MOST_ATTRIBUTES = 200

_TEXTS = ("name", "email", "phone", "company", "timezone", "status", "assigned_to")
_LISTS = ("tags", "triggers")


class Changes(Frozen):
    """What is to be different of a contact: only the fields that are set; None or an empty text takes a value away."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    timezone: str | None = None
    status: str | None = None
    assigned_to: str | None = None
    tags: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    attributes: Mapping[str, str | None] = {}
    """Merged into those that there are."""


async def create(engine: Engine, external_id: str | None, given: Changes) -> ContactRecord:
    """A new contact; without an external id it is called by our id.

    Raises Unfit for what cannot be stored, Conflict where the external id is taken.
    """
    id_, now = ids.new_id(), engine.now()
    name = str(id_) if external_id is None else external_id.strip()
    if not name:
        raise Unfit("external_id: it is empty, and a contact is known by it", hint="leave it out, or give one")
    empty: dict[str, Any] = dict.fromkeys((*_TEXTS, "qualified_at"))
    bare = ContactRecord.model_construct(
        id=id_, external_id=name, zones=(), tags=(), triggers=(), attributes={}, created_at=now, updated_at=now, **empty
    )
    record = _changed(bare, given, engine.default_region, {"external_id": name})
    async with engine.transaction() as tx:
        if not await records.insert(tx, record):
            raise Conflict("there is a contact of that external id already", hint="change that one, or take another id")
    return record


async def change(engine: Engine, contact: str, given: Changes) -> ContactRecord:
    """Change a contact, named by its external id or ours.

    Live enrollments whose goal holds now end, those that wait for a date of the contact look again, and what waits by a
    clock that is another one now is planned anew. Where a message goes is read when it goes. Raises NotFound, or Unfit
    for what cannot be stored.
    """
    return await _rewrite(engine, contact, lambda record: _changed(record, given, engine.default_region, {}))


async def retag(engine: Engine, contact: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> ContactRecord:
    """Remove tags and add others at the end. Raises NotFound, or Unfit for what is no tag."""

    def retagged(record: ContactRecord) -> ContactRecord:
        kept = tuple(tag for tag in record.tags if tag not in remove)
        return _changed(record, Changes(tags=(*kept, *add)), engine.default_region, {})

    return await _rewrite(engine, contact, retagged)


async def _rewrite(engine: Engine, contact: str, new: Callable[[ContactRecord], ContactRecord]) -> ContactRecord:
    record, words, is_elsewhere = await engine.database.repeat(lambda: _rewritten(engine, contact, new))
    if is_elsewhere:
        words += await replan(engine, [record.id])
    if words:
        await deliver(engine, words[0].event_id, words)
    return record


async def _rewritten(
    engine: Engine, contact: str, new: Callable[[ContactRecord], ContactRecord]
) -> tuple[ContactRecord, list[OpenSignal], bool]:
    """The contact as it is then, what is to be told to workflows, and whether it lives by another clock."""
    async with engine.transaction() as tx:
        found = await records.named(tx, contact)
        aims = await waits.goals_of(tx, found.id, by_field=True)
        held = await records.hold(tx, found.id)
        if held is None:
            raise records.unknown([contact])
        now = engine.now()
        record = new(held).model_copy(update={"updated_at": now})
        await records.update(tx, record)
        words = await waits.end_at_goal(tx, ids.new_id(), aims, now)
        words += await date_waits.changed_of(tx, [record.external_id], now)
    return record, words, record.zones != held.zones


def _changed(record: ContactRecord, given: Changes, region: str, also: Mapping[str, str]) -> ContactRecord:
    """The record with what is given; raises Unfit with everything that is wrong. `also`: further texts to be judged."""
    said = given.model_fields_set
    texts = {name: (getattr(given, name) or "").strip() for name in _TEXTS if name in said}
    lists = {name: _words(getattr(given, name)) for name in _LISTS if name in said}
    joined = {name: SEPARATOR.join(words) for name, words in lists.items()}
    attributes = {
        column_name(name): (value or "").strip().replace("\r\n", "\n") for name, value in given.attributes.items()
    }
    wrong = ill_formed({**also, **texts, **joined}, attributes)
    wrong += [
        f"{name}: `{word[:40]}` has a `{SEPARATOR}`, which stands between two of them in a file"
        for name, words in lists.items()
        for word in words
        if SEPARATOR in word
    ]
    wrong += [f"attributes: {reason}" for name in given.attributes if (reason := _no_name(name))]
    country = attributes.get("country", record.attributes.get("country"))
    found = reached(texts.get("email"), texts.get("phone"), texts.get("timezone"), region_for(country, region))
    wrong += found.wrong
    update: dict[str, Any] = {name: value or None for name, value in texts.items()} | lists
    update |= {name: value for name, value in found._asdict().items() if name in texts}
    kept = {name: value for name, value in record.attributes.items() if name not in attributes}
    update["attributes"] = kept | {name: value for name, value in attributes.items() if value}
    changed = record.model_copy(update=update)
    if not wrong and not (changed.email or changed.phone):
        wrong.append("neither email nor phone: the contact cannot be reached")
    if len(changed.attributes) > max(MOST_ATTRIBUTES, len(record.attributes)):
        wrong.append(f"attributes: more than {MOST_ATTRIBUTES}")
    if wrong:
        raise Unfit("; ".join(wrong), hint="mend these, and send it again; nothing was changed")
    return changed.model_copy(update={"zones": candidate_zones(changed.timezone, changed.phone)})


def _words(given: Sequence[str]) -> tuple[str, ...]:
    """Each once, in their order."""
    return tuple(dict.fromkeys(word for one in given if (word := one.strip())))


def _no_name(written: str) -> str | None:
    """Why an attribute cannot be called that."""
    name = column_name(written)
    if not 0 < len(name) <= MAX_COLUMN_NAME or not is_one_line(name):
        return f"`{written[:40]}` is no name; use up to {MAX_COLUMN_NAME} characters of text on one line"
    if name in COLUMNS:
        return f"`{written}` is a field of the contact itself"
    return None
