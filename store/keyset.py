"""Places in lists that are sorted by a time and an id.

Behind row-level security an index is entered by a plain comparison alone, not by "NULL or behind it": so each list is
read from a place on, the first or the last that there can be.
"""

from datetime import UTC, datetime
from uuid import UUID

Keyset = tuple[datetime, UUID]
"""Time (aware) and id of an item."""
FIRST: Keyset = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))
"""Before everything."""
LAST: Keyset = (datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1))
"""Behind everything."""
