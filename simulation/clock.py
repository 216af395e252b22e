"""The simulated time: that of the time-skipping server, shifted to where the simulation begins.

The server's clock begins at the present and cannot be set, so its time is shifted at the two doors by which it comes
in: the moment of each workflow task, and that of each activity's attempt. Whatever runs behind them sees the dates that
it would see then, past or future, and every calendar rule holds for them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.empty_pb2 import Empty
from temporalio import workflow
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, UnlockTimeSkippingRequest
from temporalio.client import Client
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner


class SkippingClock:
    """A time-skipping server's clock, shifted."""

    def __init__(self, client: Client) -> None:
        self._service = client.test_service
        self._shift = timedelta()

    async def begin(self, at: datetime) -> None:
        """From now on it is `at` (UTC) and later."""
        answer = await self._service.get_current_time(Empty())
        self._shift = at - answer.time.ToDatetime(UTC)

    def shifted(self, server_time: datetime) -> datetime:
        """What a time of the server's is in the simulation."""
        return server_time + self._shift

    async def run(self) -> None:
        """Let every wait be over as soon as nothing else is to do."""
        await self._service.unlock_time_skipping(UnlockTimeSkippingRequest())

    async def stand(self) -> None:
        """Skip no more."""
        await self._service.lock_time_skipping(LockTimeSkippingRequest())


class ShiftedRunner(WorkflowRunner):
    """Runs workflows as another runner does, at the simulated time."""

    def __init__(self, runner: WorkflowRunner, clock: SkippingClock) -> None:
        self._runner = runner
        self._clock = clock

    def prepare_workflow(self, defn: Any) -> None:
        """As the other runner does."""
        self._runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """The other runner's instance, behind a shifted clock."""
        return _ShiftedInstance(self._runner.create_instance(det), self._clock)


class _ShiftedInstance(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance, clock: SkippingClock) -> None:
        self._instance = instance
        self._clock = clock

    def activate(self, act: Any) -> Any:
        # `workflow.now()` is this moment; timers are durations and need no shift.
        if act.HasField("timestamp"):
            act.timestamp.FromDatetime(self._clock.shifted(act.timestamp.ToDatetime(UTC)))
        return self._instance.activate(act)

    def get_serialization_context(self, command_info: Any) -> Any:
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> workflow.Info:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()
