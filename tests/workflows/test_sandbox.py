"""The workflows keep the sandbox's rules, although production does not load them anew for each run."""

from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

import composition
from starter.enrollments import control
from starter.enrollments.migration import migrate
from store.pool import Database
from tests.support.harness import rig_on
from tests.workflows.test_journey import REFERENCE


async def test_an_enrollment_runs_in_the_strict_sandbox(
    time_skipping: WorkflowEnvironment, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every restriction of the sandbox on its module, an enrollment waits, is moved, pauses, goes on and ends."""
    monkeypatch.setattr(composition, "_OURS", ())
    async with rig_on(time_skipping.client, database, tmp_path, environment=time_skipping) as rig:
        enrollment, _ = await rig.start(REFERENCE)
        await rig.arrives(enrollment, "two")
        key = await rig.publish(REFERENCE.replace("Second message.", "Another message."))
        assert (await migrate(rig.engine, key, 2, {})).moved
        await control.pause(rig.engine, enrollment)
        await control.resume(rig.engine, enrollment)
        await control.send_now(rig.engine, enrollment)
        assert await rig.ended(enrollment) == ("completed", None)
