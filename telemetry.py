"""Logging: structured, bound to tenant, enrollment and step, every address masked, no message bodies.

Code below logs with `structlog.get_logger()` and adds context with `structlog.contextvars`.
"""

import logging
import re
import sys
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

_CONTEXT_FIELDS = ("tenant_id", "sequence", "enrollment_id", "node_id", "job_id")
_BODIES = frozenset({"body", "content", "html", "subject", "text"})
_HARMLESS = (bool, int, float, UUID, datetime, date, time, timedelta, type(None))

# The local part is bounded as in RFC 5321, which also keeps a long run of characters from costing its square.
_EMAIL = re.compile(
    r"""(?:"[^"\n]{1,64}" | ([^\s<>@,;:()\[\]{}"'=/\\]) [^\s<>@,;:()\[\]{}"=/\\]{0,63}) @ (?=[\w\[])""", re.VERBOSE
)
# `+` and digits, ten to fifteen digits alone, or a US number with its separators; not UUIDs, dates or addresses.
_PHONE = re.compile(
    r"""\+ (?:[\s().-]{0,3}\d){7,15} | (?<![\w-]) \d{10,15} (?![\w-])
      | (?<![\w.-]) (?:1[\s.-])? \(?\d{3}\)? [\s.-]? \d{3} [\s.-] \d{4} (?![\w-])""",
    re.VERBOSE,
)


def configure(log_format: Literal["console", "json"], level: str) -> None:
    """Send structlog's and the standard library's logs to stderr, in one format. Call once, at the start."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # so that a second `configure` holds for every logger
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                *shared,
                structlog.stdlib.ExtraAdder(allow=["temporal_workflow", "temporal_activity"]),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Text first: a traceback's message is where an address hides most easily.
                structlog.processors.format_exc_info,
                mask,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Temporal repeats its context in the message's text, where it is of no use to a log search.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False


def mask(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A processor that masks addresses in every value, however nested, and replaces message bodies by their length."""
    return {key: _masked_field(key, value) for key, value in event.items()}


class LogContext(Interceptor):
    """Binds what an activity works on (tenant, enrollment, step) to everything that it logs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap the worker's activity calls."""
        return _BindArguments(next)


class _BindArguments(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        argument = input.args[0] if input.args else None
        info = activity.info()
        context = {f: str(v) for f in _CONTEXT_FIELDS if (v := getattr(argument, f, None)) is not None}
        with bound_contextvars(activity=info.activity_type, attempt=info.attempt, **context):
            return await self.next.execute_activity(input)


def _masked_field(key: object, value: object) -> object:
    if key in _BODIES and isinstance(value, str | bytes):
        return f"({len(value)} characters)"
    return _masked(value)


def _masked(value: object) -> object:
    if isinstance(value, _HARMLESS):
        return value
    if isinstance(value, Mapping):
        return {_masked(key): _masked_field(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    return _masked_text(value if isinstance(value, str) else repr(value))


def _masked_text(text: str) -> str:
    if "@" in text:
        text = _EMAIL.sub(lambda match: f"{match[1] or ''}***@", text)
    return _PHONE.sub(lambda match: f"***{match[0][-2:]}", text)
