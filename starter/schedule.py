"""The Temporal Schedule that runs the reconciler."""

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

from workflows.reconcile import ReconcileWorkflow


def reconciler_id(task_queue: str) -> str:
    """Id of the schedule, and of the workflow that it starts.

    One for each task queue: installations that share a namespace each sweep their own database, and a sweep that
    waits on a queue which nobody serves any more holds up no other.
    """
    return f"reconcile-{task_queue}"


async def ensure_reconciler(client: Client, task_queue: str, every: timedelta) -> None:
    """Create the schedule, or bring the one that is there up to date. Any worker may call it at any time."""
    reconciler = reconciler_id(task_queue)
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(ReconcileWorkflow.run, id=reconciler, task_queue=task_queue),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        # A sweep that is still under way is the sweep; a missed one needs no catching up.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=1)),
    )
    try:
        await client.create_schedule(reconciler, schedule)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(reconciler).update(lambda _: ScheduleUpdate(schedule=schedule))
