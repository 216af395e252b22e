"""What real processes run on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.temporal import LocalTemporal
from tests.e2e.site import Site, site_on


@pytest.fixture
async def site(database_url: str, temporal: LocalTemporal, tmp_path: Path) -> AsyncIterator[Site]:
    """An installation of this test's own."""
    async with site_on(database_url, temporal, tmp_path) as made:
        yield made
