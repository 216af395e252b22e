"""What stands in `schema/queries/`: one spelling, lines that fit, columns that fit the types that they become."""

import re
from pathlib import Path

import asyncpg
import pytest

from tests.store.spreads import spreads

_QUERIES = sorted(Path("schema/queries").rglob("*.sql"))
_WIDEST = 120


@pytest.mark.parametrize("file", _QUERIES, ids=lambda file: str(file.relative_to("schema/queries")))
def test_a_live_enrollment_is_one_that_has_no_end(file: Path) -> None:
    """`ended_at IS NULL`, which a CHECK holds to agree with the status, and which the partial indexes are of."""
    assert not re.findall(r"status (?:NOT )?IN \('pending', 'running', 'paused'\)", file.read_text())


@pytest.mark.parametrize("file", _QUERIES, ids=lambda file: str(file.relative_to("schema/queries")))
def test_no_line_of_a_query_is_wider_than_a_line_of_code(file: Path) -> None:
    """120 characters, as in Python."""
    lines = enumerate(file.read_text().splitlines(), 1)
    assert [f"{file}:{number}" for number, line in lines if len(line) > _WIDEST] == []


async def test_the_columns_of_a_query_fit_the_type_that_a_row_is_spread_into(owner: asyncpg.Connection) -> None:
    """Each column is a field, and each field that has no default is a column or given beside the row."""
    found = spreads()
    misfits = []
    for spread in found:
        columns = {column.name for column in (await owner.prepare(spread.query.sql)).get_attributes()}
        misfits.append(spread.misfit(columns))
    assert [misfit for misfit in misfits if misfit] == []
    assert len({spread.kind for spread in found}) > 30
