"""What stands in `schema/queries/`: one spelling, lines that fit."""

import re
from pathlib import Path

import pytest

_QUERIES = sorted(Path("schema/queries").rglob("*.sql"))


@pytest.mark.parametrize("file", _QUERIES, ids=lambda file: str(file.relative_to("schema/queries")))
def test_a_live_enrollment_is_one_that_has_no_end(file: Path) -> None:
    """`ended_at IS NULL`, which a CHECK holds to agree with the status, and which the partial indexes are of."""
    assert not re.findall(r"status (?:NOT )?IN \('pending', 'running', 'paused'\)", file.read_text())
