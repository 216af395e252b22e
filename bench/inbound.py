"""From a provider's call to the answer, the stop and the signal, beside a bare insert and beside a slow provider;
analytics of a long history."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import aiohttp
from twilio.request_validator import RequestValidator

from bench import history
from bench.harness import Bench, bench, serving, until, worker_process
from bench.slow_mail import slow_mail

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


_SLOW_S = 6.0
_SLOW_CONTACTS, _SLOW_RATE = 60, 10
_SLOW_QUEUE = "slow"
_SLOW_SEQUENCE = """
sequence: slowly
steps:
  - {id: hello, type: email, subject: Hello, body: "Hi {{ name }}, shall we talk?"}
  - {id: wait, type: delay, seconds: 1}
  - {id: again, type: email, subject: Again, body: "Still there, {{ name }}?"}
"""
_ENDS = """
SELECT e.ended_at - v.occurred_at AS took, (
    SELECT count(*) FROM message_jobs j
    WHERE j.enrollment_id = e.id AND j.state <> 'cancelled' AND j.claimed_at > v.occurred_at + $2::interval
) AS begun_after
FROM enrollments e JOIN contacts c ON c.id = e.contact_id
JOIN messages m ON m.address = c.phone AND m.kind = 'opt_out' JOIN events v ON v.id = m.id
WHERE e.id = ANY($1)
"""


@dataclass(frozen=True)
class _Call:
    """One call as Twilio makes it."""

    body: bytes
    headers: dict[str, str]


async def run(seconds: int, rate: int, jobs: int) -> dict[str, object]:
    """Milliseconds from a call's intended arrival, `rate` calls a second for `seconds`, in turns.

    `p50_ms`, `p99_ms`: to the answer, when what was said is stored; from then on nothing goes out. `stopped_…`: from
    the call until its enrollment has ended, `signal_…`: from there until the workflow has been told, both behind the
    answer. `slow_…`: the same of contacts who are being written to by a mail server of six seconds a message;
    `slow_begun_after`: messages that began after such an answer.
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
        slow = await _beside_slow_mail(b, api)
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
        "stopped_p50_ms": _percentile([one.stopped_ms for one in told], 50),
        "stopped_p99_ms": _percentile([one.stopped_ms for one in told], 99),
        "signal_p50_ms": _percentile([one.told_ms for one in told], 50),
        "signal_p99_ms": _percentile([one.told_ms for one in told], 99),
        **slow,
        "analytics_ms": _percentile(asked, 50),
        "analytics_p99_ms": _percentile(asked, 99),
        "analytics_exact": exact,
        "message_jobs": jobs,
    }


async def _inbound(
    b: Bench, api: str, bare: str, seconds: int, rate: int
) -> tuple[list[float], list[float], "list[_Stop]"]:
    """The latencies of both, turn about, so that whatever the machine does meets both alike; and of the signals."""
    phones = await _written_to(b, (seconds + _WARM_UP_S) * rate)
    validator = RequestValidator(_TOKEN)
    calls = [_answer(validator, api + _PATH, phone) for phone in phones]
    warm_up, measured = calls[: _WARM_UP_S * rate], calls[_WARM_UP_S * rate :]
    per_turn = -(-len(measured) // _TURNS)
    pause = min(_PAUSE_S, per_turn / rate)
    ours: list[float] = []
    theirs: list[float] = []
    told: list[_Stop] = []
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
        async with b.engine.transaction() as tx:
            phones[:] = [row["recipient"] for row in await tx.fetch(query, report.enrolled)]
        return len(phones) == count

    await until(all_sent, f"the first messages of {count} enrollments")
    return phones


def _answer(
    validator: RequestValidator, url: str, phone: str, words: str = "Yes, call me tomorrow after ten please"
) -> _Call:
    message = f"SM{uuid4().hex}"
    fields = {
        "AccountSid": _ACCOUNT,
        "ApiVersion": "2010-04-01",
        "Body": words,
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


@dataclass(frozen=True)
class _Stop:
    """What became of a call."""

    stopped_ms: float
    """From its coming in to its enrollment's end."""
    told_ms: float
    """From there to the signal."""


async def _told(b: Bench) -> list[_Stop]:
    """What became of each call, once every workflow has been told. Each call must have stopped one."""
    stops: list[_Stop] = []

    async def all_told() -> bool:
        async with b.engine.transaction() as tx:
            if await tx.fetchval("SELECT EXISTS (SELECT FROM inbox)"):
                return False
            rows = await tx.fetch(
                "SELECT e.status, e.ended_at, s.created_at, s.signalled_at, v.occurred_at FROM enrollment_signals s"
                " JOIN enrollments e ON e.id = s.enrollment_id JOIN events v ON v.id = s.event_id"
            )
        if any(row["status"] != "stopped" for row in rows):
            raise ValueError("an answer did not stop its enrollment")
        stops[:] = [
            _Stop(_ms(row["ended_at"] - row["occurred_at"]), _ms(row["signalled_at"] - row["created_at"]))
            for row in rows
            if row["signalled_at"]
        ]
        return len(stops) == len(rows)

    await until(all_told, "every workflow to hear its answer")
    return stops


def _ms(duration: timedelta) -> float:
    return duration.total_seconds() * 1000


async def _beside_slow_mail(b: Bench, api: str) -> dict[str, object]:
    """Contacts who are being written to, slowly, say no by text, ten a second."""
    async with (
        slow_mail(_SLOW_S) as port,
        worker_process(
            b.settings,
            task_queue=_SLOW_QUEUE,
            email_provider="smtp",
            smtp_host="127.0.0.1",
            smtp_port=str(port),
            smtp_tls="none",
            email_from="us@example.org",
        ),
        aiohttp.ClientSession() as http,
    ):
        slow = replace(b, engine=replace(b.engine, runs=replace(b.engine.runs, task_queue=_SLOW_QUEUE)))
        report = await slow.enroll(await slow.publish(_SLOW_SEQUENCE), await slow.people(_SLOW_CONTACTS))
        under_way = "SELECT count(*) FROM message_jobs WHERE state = 'sending' AND enrollment_id = ANY($1)"

        async def is_under_way() -> bool:
            async with b.engine.transaction() as tx:
                return bool(await tx.fetchval(under_way, report.enrolled))

        await until(is_under_way, "the first slow hand-over")
        async with b.engine.transaction() as tx:
            phones = [
                row["phone"]
                for row in await tx.fetch(
                    "SELECT c.phone FROM enrollments e JOIN contacts c ON c.id = e.contact_id WHERE e.id = ANY($1)",
                    report.enrolled,
                )
            ]
        validator = RequestValidator(_TOKEN)
        calls = [_answer(validator, api + _PATH, phone, "STOP") for phone in phones]
        answered = await _load(http, api + _PATH, calls, _SLOW_RATE)
        await _all_ended(b, report.enrolled)
        async with b.engine.transaction() as tx:
            ends = await tx.fetch(_ENDS, report.enrolled, timedelta(milliseconds=max(answered)))
    took = [_ms(row["took"]) for row in ends]
    return {
        "slow_s": _SLOW_S,
        "slow_p99_ms": _percentile(answered, 99),
        "slow_stopped_p50_ms": _percentile(took, 50),
        "slow_stopped_p99_ms": _percentile(took, 99),
        "slow_begun_after": sum(row["begun_after"] for row in ends),
    }


async def _all_ended(b: Bench, enrollments: Sequence[UUID]) -> None:
    async def ended() -> bool:
        async with b.engine.transaction() as tx:
            left = "SELECT EXISTS (SELECT FROM enrollments WHERE id = ANY($1) AND ended_at IS NULL)"
            return not await tx.fetchval(left, enrollments)

    await until(ended, "every enrollment to end")


def _percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 2)
