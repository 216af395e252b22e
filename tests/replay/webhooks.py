"""The workflows of webhooks, of each shape that a history can have; recorded and replayed like enrollments."""

from collections.abc import Awaitable, Callable

from domain import ids
from starter.changes import subscriptions
from starter.changes.subscriptions import Wanted
from starter.enrollments import control
from tests.replay.shapes import TEXTS
from tests.support.harness import Rig
from tests.support.helpers import assert_eventually
from tests.workflows.receiver import Receiver

Shape = Callable[[Rig, Receiver], Awaitable[str]]
"""Answers the id of the workflow."""


async def _told(rig: Rig, receiver: Receiver) -> str:
    """A pause that a subscription is to be told of."""
    await rig.execute("UPDATE tenants SET webhook_allow = '{127.0.0.0/8}'")
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    made, receiver.secret = await subscriptions.create(rig.engine, Wanted(receiver.url, ["enrollment.paused"]))
    await control.pause(rig.engine, enrollment)
    return ids.subscription_workflow_id(made.id)


async def webhook_posted(rig: Rig, receiver: Receiver) -> str:
    """Taken at once."""
    workflow_id = await _told(rig, receiver)

    async def taken() -> bool:
        return bool(receiver.taken)

    await assert_eventually(taken)
    await rig.engine.runs.client.get_workflow_handle(workflow_id).result()
    return workflow_id


async def webhook_posted_again(rig: Rig, receiver: Receiver) -> str:
    """Refused at first: the receiver is left alone for a while, and taken when the time of the next attempt comes."""
    receiver.answers.append(500)
    return await webhook_posted(rig, receiver)


async def webhook_feed(rig: Rig, receiver: Receiver) -> str:
    """Two looks at what happens, the first of which has made a delivery."""
    await webhook_posted(rig, receiver)
    feed = ids.webhook_feed_workflow_id(rig.engine.runs.task_queue)
    handle = rig.engine.runs.client.get_workflow_handle(feed)

    async def twice() -> None:
        assert (await handle.describe()).history_length > 14

    await assert_eventually(twice)
    await handle.terminate()
    return feed


WEBHOOKS: dict[str, Shape] = {shape.__name__: shape for shape in (webhook_posted, webhook_posted_again, webhook_feed)}
"""Recorded on the dev server."""
