"""What a tenant has decided about the hours of the law: the present state, and each decision on record."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import ConfigDict

from domain import ids
from domain.base import Frozen
from scheduling.law import Block, TenantLaw
from store.pool import load_queries

_sql = load_queries("gates/law")


class LawDecision(Frozen):
    """That a rule is enforced or not, or that a region is blocked for a time, or no longer. Times are UTC."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    rule: str | None
    """The rule's id; null: it is about a block."""
    enforced: bool | None
    block: Block | None
    withdrawn: bool
    """The block was taken back."""
    reason: str
    decided_by: str
    """The name of the person or the API key; `operator`: at the command line."""
    decided_at: datetime


async def read(tx: asyncpg.Connection) -> TenantLaw:
    """What the tenant has decided."""
    return TenantLaw.model_validate(await _sql.read_law(tx))


async def switch(
    tx: asyncpg.Connection, rule: str, enforced: bool, *, reason: str, decided_by: str, now: datetime
) -> LawDecision:
    """Enforce a rule, or do not, from now on."""
    held = TenantLaw.model_validate(await _sql.hold_law(tx))
    return await _decide(
        tx,
        held.model_copy(update={"switched": {**held.switched, rule: enforced}}),
        LawDecision(
            id=ids.new_id(),
            rule=rule,
            enforced=enforced,
            block=None,
            withdrawn=False,
            reason=reason,
            decided_by=decided_by,
            decided_at=now,
        ),
    )


async def block(tx: asyncpg.Connection, new: Block, *, decided_by: str, now: datetime) -> LawDecision:
    """Write to nobody in a region for a time; blocks that are over are dropped from the present state."""
    held = TenantLaw.model_validate(await _sql.hold_law(tx))
    kept = tuple(one for one in held.blocks if one.ends > now)
    return await _decide(tx, held.model_copy(update={"blocks": (*kept, new)}), _about(new, new.source, decided_by, now))


async def withdraw(
    tx: asyncpg.Connection, block_id: UUID, *, reason: str, decided_by: str, now: datetime
) -> LawDecision | None:
    """Take a block back; None when none of that id holds."""
    held = TenantLaw.model_validate(await _sql.hold_law(tx))
    found = next((one for one in held.blocks if one.id == block_id), None)
    if found is None:
        return None
    kept = tuple(one for one in held.blocks if one.id != block_id)
    return await _decide(
        tx, held.model_copy(update={"blocks": kept}), _about(found, reason, decided_by, now, withdrawn=True)
    )


async def decisions(tx: asyncpg.Connection, limit: int) -> list[LawDecision]:
    """What was decided, the newest first."""
    return [LawDecision(**row) async for row in _sql.decisions(tx, limit=limit)]


def _about(block: Block, reason: str, decided_by: str, now: datetime, *, withdrawn: bool = False) -> LawDecision:
    return LawDecision(
        id=ids.new_id(),
        rule=None,
        enforced=None,
        block=block,
        withdrawn=withdrawn,
        reason=reason,
        decided_by=decided_by,
        decided_at=now,
    )


async def _decide(tx: asyncpg.Connection, law: TenantLaw, decision: LawDecision) -> LawDecision:
    await _sql.write_law(tx, law=law.model_dump(mode="json"))
    columns: dict[str, Any] = decision.model_dump()
    columns["block"] = decision.block.model_dump(mode="json") if decision.block else None
    await _sql.record_decision(tx, **columns)
    return decision
