"""What every vendor's webhook promises, asked of each in turn: whom it believes, and what it reads."""

import dataclasses
import json
import pickle
from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Malformed, Unverified
from domain.events import EventType, InboundMessage, StatusReport
from providers.inbound.base import Webhook, WebhookRequest
from tests.providers.webhooks.vendors import JOB, VENDORS, Sample, Vendor

JSON = tuple(vendor for vendor in VENDORS if vendor.content_type == "application/json")
SAMPLES = [
    pytest.param(vendor, sample, id=f"{vendor.name}-{sample.word}-{number}")
    for vendor in VENDORS
    for number, sample in enumerate(vendor.samples)
]
SIGNING = tuple(vendor for vendor in VENDORS if vendor.covers_body)
TIMING = tuple((vendor, vendor.patience) for vendor in VENDORS if vendor.patience is not None)
NAMING = tuple(vendor for vendor in VENDORS if vendor.name != "resend")
"""Resend's id of an event is a header, not in what is read."""
each_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
each_json_vendor = pytest.mark.parametrize("vendor", JSON, ids=lambda vendor: vendor.name)


def hook(vendor: Vendor) -> Webhook:
    return vendor.build([secret.ours for secret in vendor.secrets[:2]])


def body(vendor: Vendor) -> bytes:
    return vendor.encode(vendor.samples[0].payload)


def read(vendor: Vendor, payload: Any) -> StatusReport | InboundMessage:
    (report,) = hook(vendor).parse(vendor.call(vendor.encode(payload), vendor.secrets[0]))
    return report


@each_vendor
def test_either_of_two_secrets_proves_a_call(vendor: Vendor) -> None:
    """While a secret is rotated both are valid, the new one and the old."""
    for secret in vendor.secrets[:2]:
        hook(vendor).verify(vendor.call(body(vendor), secret))
        vendor.build([secret.ours]).verify(vendor.call(body(vendor), secret))


@each_vendor
def test_a_call_proven_with_another_secret_is_refused(vendor: Vendor) -> None:
    """Only the configured secrets count."""
    with pytest.raises(Unverified):
        hook(vendor).verify(vendor.call(body(vendor), vendor.secrets[2]))


@each_vendor
def test_without_a_secret_nothing_is_believed(vendor: Vendor) -> None:
    """An empty list of secrets refuses every call."""
    with pytest.raises(Unverified):
        vendor.build([]).verify(vendor.call(body(vendor), vendor.secrets[0]))


@each_vendor
def test_a_call_without_any_one_of_its_proofs_is_refused(vendor: Vendor) -> None:
    """Each header that proves a call is needed, and has to make sense."""
    call = vendor.call(body(vendor), vendor.secrets[0])
    for header in vendor.prove(call, vendor.secrets[0]):
        without = {name: value for name, value in call.headers.items() if name != header}
        with pytest.raises(Unverified):
            hook(vendor).verify(dataclasses.replace(call, headers=without))
        for nonsense in ("", "x", "1,2,3", "Basic é", "Basic !", "v1,é", "é", "9" * 400, "nan", "-1"):
            with pytest.raises(Unverified):
                hook(vendor).verify(dataclasses.replace(call, headers={**call.headers, header: nonsense}))


@pytest.mark.parametrize("vendor", SIGNING, ids=lambda vendor: vendor.name)
def test_a_changed_body_is_refused(vendor: Vendor) -> None:
    """Wherever a byte is flipped, the signature no longer fits; a vendor that signs nothing cannot promise that."""
    call = vendor.call(body(vendor), vendor.secrets[0])
    for place in range(0, len(call.body), 7):
        flipped = bytearray(call.body)
        flipped[place] ^= 0x01
        with pytest.raises(Unverified):
            hook(vendor).verify(dataclasses.replace(call, body=bytes(flipped)))
    for other in (b"", b"\xff\xfe", call.body + b" "):
        with pytest.raises(Unverified):
            hook(vendor).verify(dataclasses.replace(call, body=other))


@pytest.mark.parametrize(("vendor", "patience"), TIMING, ids=lambda each: getattr(each, "name", ""))
def test_a_proof_has_its_time(vendor: Vendor, patience: timedelta) -> None:
    """Too old or from the future is refused, what is within the tolerance is not."""
    now, slack = datetime.now(UTC), timedelta(seconds=30)
    for fresh in (now - patience + slack, now + timedelta(minutes=5) - slack):
        hook(vendor).verify(vendor.call(body(vendor), vendor.secrets[0], fresh))
    for stale in (now - patience - slack, now + timedelta(minutes=5) + slack):
        with pytest.raises(Unverified):
            hook(vendor).verify(vendor.call(body(vendor), vendor.secrets[0], stale))


@pytest.mark.parametrize(("vendor", "sample"), SAMPLES)
def test_a_call_means_what_its_vendor_says(vendor: Vendor, sample: Sample) -> None:
    """Each word of a vendor's is one of ours, with our job, the address and what is said besides."""
    report = read(vendor, sample.payload)
    assert report.type is sample.type
    assert report.provider == vendor.name
    assert report.job_id == JOB
    assert report.payload
    assert {name: getattr(report, name) for name in sample.means} == sample.means
    if isinstance(report, StatusReport):
        assert report.address in ("zoe@example.com", "12125550199")
        assert not report.machine or report.type in (EventType.OPENED, EventType.CLICKED)


@each_vendor
def test_every_word_of_a_vendor_has_a_sample(vendor: Vendor) -> None:
    """No word of the dict is without a call that says it."""
    assert {sample.word for sample in vendor.samples} >= vendor.words


def test_every_word_of_ours_is_said_by_some_vendor() -> None:
    """The vocabulary holds nothing that cannot be heard."""
    assert {sample.type for vendor in VENDORS for sample in vendor.samples} == set(EventType)


@pytest.mark.parametrize(("vendor", "sample"), SAMPLES)
def test_a_repeated_call_names_the_same_events(vendor: Vendor, sample: Sample) -> None:
    """A retry is signed anew and comes later; its events keep their ids, so they have one effect."""
    calls = [
        vendor.call(vendor.encode(sample.payload), secret, datetime.now(UTC) - timedelta(seconds=age))
        for secret, age in zip(vendor.secrets[:2], (60, 0), strict=True)
    ]
    first, again = ([report.provider_event_id for report in hook(vendor).parse(call)] for call in calls)
    assert first == again
    assert all(0 < len(name) <= 255 for name in first)


@pytest.mark.parametrize("vendor", NAMING, ids=lambda vendor: vendor.name)
def test_different_events_have_different_ids(vendor: Vendor) -> None:
    """Events of different words are never taken for one another."""
    named: dict[str, Sample] = {}
    for sample in vendor.samples:
        other = named.setdefault(read(vendor, sample.payload).provider_event_id, sample)
        assert other.word == sample.word


@each_vendor
def test_a_word_never_heard_before_is_kept_without_effect(vendor: Vendor) -> None:
    """Vendors add events without notice: unknown ones are stored as such, with what they say."""
    report = read(vendor, vendor.unknown)
    assert report.type is EventType.UNKNOWN
    assert "eleport" in json.dumps(report.payload)


@pytest.mark.parametrize(("vendor", "sample"), SAMPLES)
def test_fields_never_heard_of_are_ignored(vendor: Vendor, sample: Sample) -> None:
    """Vendors add fields without notice, wherever they like: nothing else changes."""
    grown = deepcopy(sample.payload)
    for part in list(_objects(grown)) if vendor in JSON else [grown]:
        if part is not grown.get("data", {}).get("tags") and part is not grown.get("Metadata"):
            part["zz_new"] = "new" if vendor not in JSON else {"deep": [1, None, {"er": "é"}]}
    same = {"payload": {}, "at": datetime.now(UTC), "provider_event_id": "x"}
    before, after = read(vendor, sample.payload), read(vendor, grown)
    assert after.model_copy(update=same) == before.model_copy(update=same)


@each_vendor
def test_what_cannot_be_read_is_malformed(vendor: Vendor) -> None:
    """A proven call that makes no sense is a dead letter with a reason, whatever it is made of."""
    nonsense = (b"", b"\xff\xfe\x00", b"{", b"null", b"5", b'"x"', b"NaN", b"[" * 100_000, b'{"a":' * 100_000)
    for broken in (*vendor.broken, *(nonsense if vendor in JSON else (b"\xff=\xfe",))):
        call = WebhookRequest(
            vendor.call(b"{}", vendor.secrets[0]).url,
            {"content-type": vendor.content_type, "svix-id": "msg_1"},
            broken,
            datetime.now(UTC),
        )
        with pytest.raises((Malformed, Unverified)) as refused:
            hook(vendor).parse(call)
        assert str(refused.value)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(part)


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(
        ["\0", "<>", "@", "0001-01-01T00:00:00+14:00", "9" * 4000, "a" * 300, str(JOB), "\r\nX: y", "=?b?="]
    ),
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@each_json_vendor
@given(data=st.data())
@settings(max_examples=150)
def test_a_call_with_any_value_anywhere_is_read_or_malformed(vendor: Vendor, data: st.DataObject) -> None:
    """Whatever stands in any field: a report that can be stored, or Malformed; never another error."""
    payload = deepcopy(data.draw(st.sampled_from(vendor.samples)).payload)
    for _ in range(data.draw(st.integers(1, 3))):
        part = data.draw(st.sampled_from(list(_objects(payload))))
        if part:
            part[data.draw(st.sampled_from(sorted(part)))] = data.draw(_VALUES)
    _readable(vendor, vendor.encode(payload))


@each_json_vendor
@given(data=st.data())
@settings(max_examples=80)
def test_any_bytes_are_read_or_malformed(vendor: Vendor, data: st.DataObject) -> None:
    """The same of a body that is cut, or in which bytes stand that no JSON has."""
    whole = vendor.encode(data.draw(st.sampled_from(vendor.samples)).payload)
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(whole)), st.integers(0, len(whole)))))
    _readable(vendor, whole[:start] + data.draw(st.binary(max_size=8)) + whole[end:])


def _readable(vendor: Vendor, mangled: bytes) -> None:
    reports: Sequence[StatusReport | InboundMessage] = ()
    with suppress(Malformed):
        reports = hook(vendor).parse(vendor.call(mangled, vendor.secrets[0]))
    for report in reports:
        stored = report.model_dump_json()
        assert "\\u0000" not in stored
        json.loads(stored, parse_constant=pytest.fail)


@each_vendor
def test_a_call_can_be_read_in_another_process(vendor: Vendor) -> None:
    """Where a long one is read: what is sent there reads the same, and holds no secret."""
    call = vendor.call(body(vendor), vendor.secrets[0])
    sent = pickle.dumps((hook(vendor).parse, call.body))
    parse, _ = pickle.loads(sent)  # noqa: S301 - written the line before
    assert parse(call) == hook(vendor).parse(call)
    assert vendor.secrets[1].ours.encode() not in sent
