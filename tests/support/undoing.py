"""PostgreSQL that undoes transactions, as it does one of two that wait in a circle."""

import asyncpg

_UNDO = """
    CREATE SEQUENCE undone;
    CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        -- A sequence keeps its count whatever is undone.
        IF nextval('undone') <= {times} THEN
            RAISE EXCEPTION 'could not do it for others' USING ERRCODE = '{state}';
        END IF;
        RETURN NULL;
    END $$
"""
DEADLOCK = "40P01"
NOT_SERIALISABLE = "40001"


async def undo(
    url: str, table: str, *, times: int, state: str = DEADLOCK, at: str = "INSERT OR UPDATE OR DELETE"
) -> None:
    """From now on the first statements that write to the table have their transactions undone, so many times."""
    owner = await asyncpg.connect(url)
    try:
        await owner.execute(_UNDO.format(times=times, state=state))
        await owner.execute(f"CREATE TRIGGER z_undo AFTER {at} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION undo()")
    finally:
        await owner.close()
