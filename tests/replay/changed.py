"""The interpreter with another order of commands, for the test that this is caught; a sandbox loads it by itself."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.enrollment import Ending, EnrollmentInput
from workflows.enrollment import EnrollmentWorkflow


@workflow.defn(name="Enrollment")
class Hasty(EnrollmentWorkflow):
    """Never waits."""

    @workflow.init
    def __init__(self, start: EnrollmentInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: EnrollmentInput) -> Ending:
        return await super().run(start)

    async def _called_before_due(self) -> bool:
        return self._is_called()
