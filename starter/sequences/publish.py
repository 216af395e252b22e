"""Publish a sequence: checked whole, refused when a channel could not be carried, stored once."""

from typing import Any

import asyncpg

from authoring.check import Checked
from content.liquid import sender_fields
from content.merge_fields import SENDER_FIELDS
from domain.errors import NotReady
from starter.engine import Engine
from store.sequences import drafts, sequences
from store.sequences.sequences import NodeContent, Published
from store.workspace import tenant_settings


async def publish(engine: Engine, checked: Checked) -> Published:
    """Store a checked file as its sequence's next version; the same content again changes nothing.

    The working copy becomes what the file says, also where it had changes that nobody published.
    Raises NotReady when a channel that it uses has no provider, or a merge field that the sender fills in has no
    value: better now than at the thousandth send.
    Raises ValueError when `checked` has errors.
    """
    if checked.definition is None:
        raise ValueError("only a sequence without errors can be published")
    key, document = checked.definition.sequence, checked.definition.document()
    return await engine.database.repeat(lambda: _publish(engine, checked, key, document))


async def _publish(engine: Engine, checked: Checked, key: str, document: dict[str, Any]) -> Published:
    async with engine.transaction() as tx:
        # Before the sequence's row, as whoever changes the working copy takes them.
        await drafts.hold(tx, key)
        published = await store_version(tx, engine, checked)
        if published.changed:
            await drafts.follow(tx, published.sequence_id, key, document)
        return published


async def store_version(tx: asyncpg.Connection, engine: Engine, checked: Checked) -> Published:
    """Store a version within the caller's transaction, whatever the working copy says."""
    if checked.plan is None or checked.definition is None or not checked.ok:
        raise ValueError("only a sequence without errors can be published")
    engine.providers.must_carry(checked.plan)
    used = frozenset[str]().union(*(sender_fields(text) for c in checked.contents for text in c.templates.values()))
    tenant = await tenant_settings.read(tx)
    has = {"unsubscribe_url": engine.links, "postal_address": tenant and tenant.postal_address}
    for field in sorted(used):
        if not has[field]:
            raise NotReady(f"{checked.plan.sequence} uses `{field}`, which has no value", SENDER_FIELDS[field])
    return await sequences.publish(
        tx,
        engine.tenant_id,
        name=checked.definition.name or checked.plan.sequence,
        triggers=checked.definition.trigger,
        plan=checked.plan,
        # Tests are the file's own: a version whose hash they do not change cannot keep them up to date.
        definition={key: value for key, value in checked.definition.document().items() if key != "tests"},
        content_hash=checked.content_hash,
        contents=[NodeContent(c.node_id, c.order_index, c.kind, c.templates) for c in checked.contents],
    )
