"""The Temporal Schedules: the reconciler's, and that of the mailbox."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
)
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import mailbox_poll_id, reconciler_id
from workflows.mailbox import PollMailboxWorkflow
from workflows.reconcile import ReconcileWorkflow


async def ensure_reconciler(client: Client, task_queue: str, every: timedelta) -> None:
    """Create the schedule, or bring the one that is there up to date. Any worker may call it at any time."""
    name = reconciler_id(task_queue)
    await _ensure(client, ScheduleActionStartWorkflow(ReconcileWorkflow.run, id=name, task_queue=task_queue), every)


async def ensure_mailbox_poll(client: Client, task_queue: str, every: timedelta | None) -> None:
    """Have the mailbox polled at this interval; None: there is no mailbox (any more), so no schedule either."""
    name = mailbox_poll_id(task_queue)
    if every is not None:
        action = ScheduleActionStartWorkflow(PollMailboxWorkflow.run, id=name, task_queue=task_queue)
        await _ensure(client, action, every)
        return
    try:
        await client.get_schedule_handle(name).delete()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def _ensure(client: Client, action: ScheduleActionStartWorkflow, every: timedelta) -> None:
    schedule = Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        # A run that is still under way is the run; a missed one needs no catching up.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)),
    )
    try:
        await client.create_schedule(action.id, schedule)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(action.id).update(lambda _: ScheduleUpdate(schedule=schedule))
