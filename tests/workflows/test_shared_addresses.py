"""One human, once: contacts that share an address are not in a sequence at the same time."""

import asyncio

import pytest

from domain.contact import Contact
from domain.enrollment import EnrollmentStatus
from starter.enrollments import control
from starter.enrollments.enroll import EnrollReport, chosen, enroll
from tests.support.harness import Rig

MAILS = """
    sequence: mails
    steps:
      - {id: wait, type: delay, hours: 72}
      - {id: first, type: email, subject: Hello, body: "Hello."}
"""
TEXTS = """
    sequence: texts
    steps:
      - {id: wait, type: delay, hours: 72}
      - {id: first, type: sms, body: "Hello. STOP to end."}
"""
BOTH = MAILS.replace("sequence: mails", "sequence: both") + '      - {id: text, type: sms, body: "Hi. STOP to end."}\n'


async def _enroll(rig: Rig, key: str, *people: Contact, is_test: bool = False) -> EnrollReport:
    named = chosen(rig.engine, [one.external_id for one in people])
    return await enroll(rig.engine, key, named, is_test=is_test)


def _said(report: EnrollReport) -> list[tuple[str, str, str]]:
    return [(one.contact.external_id, one.sharer.external_id, one.sharer.kind) for one in report.shared]


@pytest.mark.parametrize(
    ("definition", "shared", "kind"),
    [
        (MAILS, "email", "email"),
        (MAILS, "phone", None),
        (TEXTS, "phone", "phone"),
        (TEXTS, "email", None),
        (BOTH, "email", "email"),
        (BOTH, "phone", "phone"),
        (BOTH.replace("steps:", "shared_addresses: allow\n    steps:"), "phone", None),
        (MAILS.replace("steps:", "shared_addresses: allow\n    steps:"), "email", None),
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_who_shares_an_address_on_a_channel_of_the_sequence_stays_out(
    on_dev_server: Rig, definition: str, shared: str, kind: str | None, together: bool
) -> None:
    """In one call or in two; the other is named, and a sequence that allows it takes both in."""
    key = await on_dev_server.publish(definition)
    address = {"email": "one@house.example", "phone": "+12125550177"}[shared]
    ada, bob = [await on_dev_server.contact(**{shared: address}) for _ in range(2)]
    calls = [(ada, bob)] if together else [(ada,), (bob,)]
    reports = [await _enroll(on_dev_server, key, *people) for people in calls]
    assert sum(len(report.enrolled) for report in reports) == (1 if kind else 2)
    said = [line for report in reports for line in _said(report)]
    pair = {ada.external_id, bob.external_id}
    assert [({who, other}, by) for who, other, by in said] == ([(pair, kind)] if kind else [])
    assert sum(report.skipped for report in reports) == (1 if kind else 0)


async def test_of_many_calls_at_once_one_enrolls_an_address(on_dev_server: Rig) -> None:
    """Twenty contacts of one mailbox, each by a call of its own at the same moment: one is in it."""
    key = await on_dev_server.publish(MAILS)
    people = [await on_dev_server.contact(email="all@house.example") for _ in range(20)]
    reports = await asyncio.gather(*(_enroll(on_dev_server, key, one) for one in people))
    [inside] = [report for report in reports if report.enrolled]
    [winner] = inside.new
    assert sum(len(report.shared) for report in reports) == 19
    assert {one.sharer.id for report in reports for one in report.shared} == {winner.contact_id}
    assert not any(report.live for report in reports)


async def test_an_address_is_free_again_when_its_enrollment_has_ended(on_dev_server: Rig) -> None:
    """As the contact itself may come again; `reenroll: never` holds for the address, too."""
    once = MAILS.replace("sequence: mails", "sequence: once").replace("steps:", "reenroll: never\n    steps:")
    for definition, again in ((MAILS, 1), (once, 0)):
        key = await on_dev_server.publish(definition)
        address = f"{key}@house.example"
        ada, bob = await on_dev_server.contact(email=address), await on_dev_server.contact(email=address)
        [enrollment] = (await _enroll(on_dev_server, key, ada)).enrolled
        await control.stop(on_dev_server.engine, enrollment, "manual")
        report = await _enroll(on_dev_server, key, bob)
        assert (len(report.enrolled), len(report.shared)) == (again, 1 - again)
    held = await on_dev_server.rows("SELECT status, live_email FROM enrollments ORDER BY status")
    assert {row["live_email"] is None for row in held if row["status"] == EnrollmentStatus.STOPPED} == {True}


async def test_an_address_that_was_changed_meanwhile_counts(on_dev_server: Rig) -> None:
    """Whoever is in it under another address now, and whoever was enrolled by it, keep it from others."""
    key = await on_dev_server.publish(MAILS)
    ada = await on_dev_server.contact(email="old@house.example")
    await _enroll(on_dev_server, key, ada)
    await on_dev_server.execute("UPDATE contacts SET email = 'new@house.example' WHERE id = $1", ada.id)
    for address in ("old@house.example", "new@house.example"):
        report = await _enroll(on_dev_server, key, await on_dev_server.contact(email=address))
        assert [other for _, other, _ in _said(report)] == [ada.external_id]


async def test_a_test_run_neither_bars_nor_is_barred(on_dev_server: Rig) -> None:
    """Whoever tries a sequence on a mailbox of their own may be a contact of it, too."""
    key = await on_dev_server.publish(MAILS)
    ada, bob, eve = [await on_dev_server.contact(email="one@house.example") for _ in range(3)]
    assert len((await _enroll(on_dev_server, key, ada, is_test=True)).enrolled) == 1
    assert len((await _enroll(on_dev_server, key, bob)).enrolled) == 1
    assert len((await _enroll(on_dev_server, key, eve, is_test=True)).enrolled) == 1
