"""Logs say what happened and to which record, never to which address."""

import json
import logging
from collections.abc import Iterator
from uuid import UUID

import pytest
import structlog
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

import telemetry
from domain.enrollment import ExecuteInput
from domain.ids import DEFAULT_TENANT
from tests.support.machine import assert_takes_at_most


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def masked(value: object) -> object:
    return telemetry.mask(None, "info", {"value": value})["value"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sent to ann.lee+x@example.com now", "sent to a***@example.com now"),
        ("<ann@example.com>, 'o'brien@example.ie'", "<a***@example.com>, 'o***@example.ie'"),
        ("jürgen@münchen.example", "j***@münchen.example"),
        ('"ann lee"@example.com', "***@example.com"),
        ("postgres://app:secret@db.internal/x", "postgres://app:s***@db.internal/x"),
        ("to +12025550123.", "to ***23."),
        ("to +1 (202) 555-0123", "to ***23"),
        ("to +44 20 7946 0958", "to ***58"),
        ("202-555-0123 and (202) 555-0199", "***23 and ***99"),
        ("2025550123", "***23"),
    ],
)
def test_an_address_in_a_text_is_masked(text: str, expected: str) -> None:
    """Whatever writes an address into a log, only enough of it stays to tell two apart."""
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "enrollment 00000000-0000-4000-8000-000000000001",
        "due 2026-11-21T03:43:57.123456+00:00",
        "listening on 127.0.0.1:7233",
        "took 1234567 us for 5000 rows",
        "SM0123456789abcdef0123456789abcdef",
    ],
)
def test_ids_times_and_numbers_stay_readable(text: str) -> None:
    """Masking leaves alone what a log is read for."""
    assert masked(text) == text


def test_addresses_are_found_however_deep_they_lie() -> None:
    """Mappings (keys too), sequences, exceptions and foreign objects hide nothing."""
    value = {"refused": {"ann@example.com": (550, b"no +12025550123")}, "errors": [ValueError("bob@example.com")]}
    assert "ann@" not in str(masked(value))
    assert "2025550123" not in str(masked(value))
    assert "bob@" not in str(masked(value))
    assert masked({"id": UUID(int=1), "n": 10**12}) == {"id": UUID(int=1), "n": 10**12}


def test_a_message_body_is_never_logged() -> None:
    """A field that holds a message's words shows their length."""
    event = telemetry.mask(None, "info", {"event": "x", "body": "Dear Ann", "deep": {"subject": "Hi"}})
    assert event == {"event": "x", "body": "(8 characters)", "deep": {"subject": "(2 characters)"}}


def test_masking_a_long_text_takes_no_time() -> None:
    """A megabyte without spaces, as an attachment may be, is masked in well under a second."""
    assert_takes_at_most(1, lambda: masked("a" * 1_000_000 + "@"))
    assert_takes_at_most(1, lambda: masked("1-" * 500_000))


def test_json_lines_carry_context_and_masked_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    """structlog and standard loggers give the same kind of line, with bound context and no address in it."""
    telemetry.configure("json", "info")
    with structlog.contextvars.bound_contextvars(enrollment_id="e-1"):
        structlog.get_logger("touchline").info("sent", to="ann@example.com")
        try:
            raise ValueError("refused bob@example.com")
        except ValueError:
            logging.getLogger("temporalio.activity").exception("failed for %s", "+12025550123")
        logging.getLogger("x").debug("hidden")
    sent, failed = map(json.loads, capsys.readouterr().err.splitlines())
    assert sent["event"] == "sent"
    assert sent["enrollment_id"] == failed["enrollment_id"] == "e-1"
    assert sent["level"] == "info"
    assert sent["to"] == "a***@example.com"
    assert failed["event"] == "failed for ***23"
    assert "ValueError: refused b***@example.com" in failed["exception"]


def test_console_lines_are_masked_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """The format for people hides what the format for machines hides."""
    telemetry.configure("console", "info")
    structlog.get_logger().warning("refused", to="ann@example.com")
    assert "a***@example.com" in (written := capsys.readouterr().err)
    assert "ann@" not in written


class _Activity(ActivityInboundInterceptor):
    def __init__(self) -> None:
        pass

    async def execute_activity(self, input: ExecuteActivityInput) -> dict[str, object]:
        return structlog.contextvars.get_contextvars()


async def test_an_activity_logs_with_what_it_works_on() -> None:
    """Tenant, enrollment and step are bound while an activity runs, and not after it."""
    work = ExecuteInput(tenant_id=DEFAULT_TENANT, enrollment_id=UUID(int=7), node_id="hello")
    chain = telemetry.LogContext().intercept_activity(_Activity())
    call = ExecuteActivityInput(fn=print, args=[work], executor=None, headers={})
    bound = await ActivityEnvironment().run(chain.execute_activity, call)
    assert bound["tenant_id"] == str(DEFAULT_TENANT)
    assert bound["enrollment_id"] == str(UUID(int=7))
    assert bound["node_id"] == "hello"
    assert structlog.contextvars.get_contextvars() == {}
