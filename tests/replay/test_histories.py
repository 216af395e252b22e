"""Enrollments that began under older code must go on under newer: recorded histories replay, changed code is caught.

A history is never recorded anew to make a failing replay pass: enrollments with that history are out there. The
change goes behind `workflow.patched`, and a new shape gets a history of its own (record.py).
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.replay.batches import BATCHES
from tests.replay.changed import Hasty
from tests.replay.shapes import HISTORIES, SHAPES, long_lived
from tests.replay.webhooks import WEBHOOKS
from workflows.batch import BatchEnrollmentWorkflow
from workflows.enrollment import EnrollmentWorkflow
from workflows.subscription import WebhookFeedWorkflow, WebhookSubscriptionWorkflow


def _replayer(changed: type[EnrollmentWorkflow] = EnrollmentWorkflow) -> Replayer:
    """In the sandbox with all of its restrictions, which a worker lifts for our own modules."""
    ours = [changed, BatchEnrollmentWorkflow, WebhookFeedWorkflow, WebhookSubscriptionWorkflow]
    return Replayer(workflows=ours, data_converter=pydantic_data_converter)


def _read(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"enrollment-{path.stem}", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("shape", [*SHAPES, long_lived.__name__, *BATCHES, *WEBHOOKS])
async def test_a_recorded_history_replays(shape: str) -> None:
    """Today's workflow takes yesterday's enrollment, batch or webhook of each shape through the same commands."""
    await _replayer().replay_workflow(_read(HISTORIES / f"{shape}.json"))


def test_every_recorded_history_is_replayed() -> None:
    """No file is left out."""
    assert {path.stem for path in HISTORIES.glob("*.json")} == {*SHAPES, long_lived.__name__, *BATCHES, *WEBHOOKS}


def test_histories_hold_nobody_and_no_machine() -> None:
    """What is committed names no address, no host and no process."""
    for path in HISTORIES.glob("*.json"):
        recorded = json.loads(path.read_text(encoding="utf-8"))
        assert set(_values(recorded, "identity")) == {"worker"}, path.name
        payloads = [base64.b64decode(data).decode() for data in _values(recorded, "data")]
        for text in (*payloads, path.read_text(encoding="utf-8")):
            assert not any(sign in text for sign in ("@", "+1212", "Lovelace", "/home/", "/root/", "/tmp/")), path.name  # noqa: S108


def _values(node: Any, key: str) -> Iterator[Any]:
    """Every value under this key, however deep."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key and isinstance(value, str):
                yield value
            yield from _values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, key)


async def test_a_changed_order_of_commands_is_caught() -> None:
    """Code that would take an old enrollment down another path fails its replay."""
    with pytest.raises(workflow.NondeterminismError):
        await _replayer(Hasty).replay_workflow(_read(HISTORIES / "journey.json"))
