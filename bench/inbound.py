"""From a provider's call to the committed stop and to the signal, beside a bare insert; analytics of a long history."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
from twilio.request_validator import RequestValidator

from bench import history
from bench.harness import Bench, bench, serving, until, worker_process

_TURNS = 3
_WARM_UP_S = 4
_BURST = 10
"""Times the rate, to warm up: a pool opens its connections when many come at once, and each learns its work then."""
_PAUSE_S = 2.0
"""Between two turns of some length, for the workflows that were told to end."""
_QUESTIONS = 200

_TOKEN, _ACCOUNT = uuid4().hex, f"AC{uuid4().hex}"
_PATH = "/webhooks/twilio/inbound"
_SEQUENCE = """
sequence: answered
steps:
  - {id: hello, type: sms, body: "Hi {{ name }}, shall we talk?"}
  - {id: wait, type: delay, days: 30}
  - {id: again, type: sms, body: "Still there, {{ name }}?"}
"""


@dataclass(frozen=True)
class _Call:
    """One call as Twilio makes it."""

    body: bytes
    headers: dict[str, str]


async def run(seconds: int, rate: int, jobs: int) -> dict[str, object]:
    """Milliseconds from a call's intended arrival, `rate` calls a second for `seconds`, in turns.

    `p50_ms`, `p99_ms`: to the answer, when the stop mark and the word for the workflow are committed; from then on
    nothing goes out. `signal_…`: until the workflow has been told, which happens behind the answer.
    """
    async with (
        bench(gives_way=True) as b,
        # A word that is not heard in time, on a machine that stops for seconds, the reconciler tells as it always does.
        worker_process(b.settings, reconcile_every_s="60") as worker,
        serving(b.settings, "api", "-m", "api", twilio_webhook_tokens=_TOKEN, twilio_account_sid=_ACCOUNT) as api,
        serving(b.settings, "bare", "-m", "bench.bare_insert") as bare,
    ):
        worker.give_way()
        ours, theirs, told = await _inbound(b, api, bare, seconds, rate)
        sequence = await history.make(b, jobs)
        asked, exact = await history.ask(b, api, sequence, _QUESTIONS)
    return {
        "p50_ms": _percentile(ours, 50),
        "p99_ms": _percentile(ours, 99),
        "bare_p50_ms": _percentile(theirs, 50),
        "bare_p99_ms": _percentile(theirs, 99),
        "ratio_p99": round(_percentile(ours, 99) / _percentile(theirs, 99), 2),
        "requests": len(ours),
        "per_s": rate,
        "signal_p50_ms": _percentile(told, 50),
        "signal_p99_ms": _percentile(told, 99),
        "analytics_ms": _percentile(asked, 50),
        "analytics_p99_ms": _percentile(asked, 99),
        "analytics_exact": exact,
        "message_jobs": jobs,
    }


async def _inbound(
    b: Bench, api: str, bare: str, seconds: int, rate: int
) -> tuple[list[float], list[float], list[float]]:
    """The latencies of both, turn about, so that whatever the machine does meets both alike; and of the signals."""
    phones = await _written_to(b, (seconds + _WARM_UP_S) * rate)
    validator = RequestValidator(_TOKEN)
    calls = [_answer(validator, api + _PATH, phone) for phone in phones]
    warm_up, measured = calls[: _WARM_UP_S * rate], calls[_WARM_UP_S * rate :]
    per_turn = -(-len(measured) // _TURNS)
    pause = min(_PAUSE_S, per_turn / rate)
    ours: list[float] = []
    theirs: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await _load(http, bare, warm_up, _BURST * rate)
        await _load(http, api + _PATH, warm_up, _BURST * rate)
        await _told(b)
        for first in range(0, len(measured), per_turn):
            turn = measured[first : first + per_turn]
            await asyncio.sleep(pause)
            theirs += await _load(http, bare, turn, rate)
            await asyncio.sleep(pause)
            ours += await _load(http, api + _PATH, turn, rate)
            told = await _told(b)
    return ours, theirs, told


async def _written_to(b: Bench, count: int) -> list[str]:
    """Phone numbers of so many live enrollments, each of which was sent a first message."""
    report = await b.enroll(await b.publish(_SEQUENCE), await b.people(count))
    query = "SELECT recipient FROM message_jobs WHERE state = 'sent' AND enrollment_id = ANY($1)"
    phones: list[str] = []

    async def all_sent() -> bool:
        async with b.engine.database.transaction(b.engine.tenant_id) as tx:
            phones[:] = [row["recipient"] for row in await tx.fetch(query, report.enrolled)]
        return len(phones) == count

    await until(all_sent, f"the first messages of {count} enrollments")
    return phones


def _answer(validator: RequestValidator, url: str, phone: str) -> _Call:
    message = f"SM{uuid4().hex}"
    fields = {
        "AccountSid": _ACCOUNT,
        "ApiVersion": "2010-04-01",
        "Body": "Yes, call me tomorrow after ten please",
        "From": phone,
        "FromCountry": "US",
        "MessageSid": message,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": message,
        "SmsSid": message,
        "SmsStatus": "received",
        "To": "+12125550100",
        "ToCountry": "US",
    }
    signature = validator.compute_signature(url, fields)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return _Call(urlencode(fields).encode(), headers)


async def _load(http: aiohttp.ClientSession, url: str, calls: Sequence[_Call], rate: int) -> list[float]:
    """Milliseconds for each call. They come at their times, whether or not those before them were answered."""
    loop = asyncio.get_running_loop()
    began = loop.time() + 0.1

    async def one(number: int, call: _Call) -> float:
        due = began + number / rate
        await asyncio.sleep(due - loop.time())
        async with http.post(url, data=call.body, headers=call.headers) as answer:
            await answer.read()
            answer.raise_for_status()
        return (loop.time() - due) * 1000

    return list(await asyncio.gather(*(one(number, call) for number, call in enumerate(calls))))


async def _told(b: Bench) -> list[float]:
    """Milliseconds from each call to the signal, once every workflow has been told. Each call must have stopped one."""
    waits: list[float] = []

    async def all_told() -> bool:
        async with b.engine.database.transaction(b.engine.tenant_id) as tx:
            rows = await tx.fetch(
                "SELECT e.status, s.created_at, s.signalled_at FROM enrollment_signals s"
                " JOIN enrollments e ON e.id = s.enrollment_id"
            )
        if any(row["status"] != "stopped" for row in rows):
            raise ValueError("an answer did not stop its enrollment")
        waits[:] = [
            (row["signalled_at"] - row["created_at"]).total_seconds() * 1000 for row in rows if row["signalled_at"]
        ]
        return len(waits) == len(rows)

    await until(all_told, "every workflow to hear its answer")
    return waits


def _percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 2)
