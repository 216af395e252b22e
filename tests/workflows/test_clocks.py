"""Waits follow the contact: another zone plans them anew, later or earlier, and what is told lies in the window."""

from datetime import datetime, time
from pathlib import Path
from uuid import UUID

from domain.contact import Contact
from scheduling.zones import load_zone
from starter.contacts.contacts import Changes, change
from starter.contacts.csv_file import Reading
from starter.contacts.imports import import_csv
from starter.enrollments.record import record_of
from store.enrollments import record
from tests.support.harness import DAY, HOUR, Rig, about
from tests.support.helpers import assert_eventually

PHOENIX = load_zone("America/Phoenix")
AUCKLAND, BRISBANE = load_zone("Pacific/Auckland"), load_zone("Australia/Brisbane")
"""Brisbane's clocks are never changed."""
TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, days: 2}
      - {id: second, type: sms, body: "Hello again.", window: {from: "09:00", to: "17:00"}}
"""
BY_CLOCK = """
    sequence: clocks
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, until: "15:00"}
      - {id: second, type: sms, body: "Hello again."}
"""


async def waiting(rig: Rig, text: str, zone: str = PHOENIX.key) -> tuple[UUID, Contact]:
    enrollment, contact = await rig.start(text, zones=(zone,))

    async def there() -> bool:
        return bool((await rig.enrollment(enrollment))["current_node"] == "second")

    await assert_eventually(there)
    return enrollment, contact


async def moves(rig: Rig, contact: Contact, zone: str | None) -> None:
    await change(rig.engine, contact.external_id, Changes(timezone=zone))


async def planned(rig: Rig, enrollment: UUID) -> tuple[datetime, str | None]:
    row = await rig.enrollment(enrollment)
    return row["next_run_at"], row["gate"]


async def test_a_wait_is_planned_anew_later_and_earlier(skipping: Rig) -> None:
    """The row, the ledger and the workflow go by the new clock; back again, as it was; and it is sent then."""
    await skipping.until_noon(PHOENIX.key)
    enrollment, contact = await waiting(skipping, TEXTS)
    before = await planned(skipping, enrollment)
    assert before[1] is None
    await moves(skipping, contact, BRISBANE.key)
    at, gate = await planned(skipping, enrollment)
    # Noon in Phoenix is five in the morning in Brisbane.
    assert (at.astimezone(BRISBANE).time(), gate) == (time(9), "window")
    assert about(before[0] + 4 * HOUR, at)
    assert (await skipping.job(enrollment, "second"))["held_until"] == at
    async with skipping.engine.transaction() as tx:
        report = await record.read_enrollment(tx, enrollment)
    assert report is not None
    told = record_of(report).next
    assert told is not None
    assert (told.zone, told.local) == (BRISBANE.key, f"{at.astimezone(BRISBANE):%a %d %b} 09:00 in {BRISBANE.key}")
    await moves(skipping, contact, PHOENIX.key)
    assert await planned(skipping, enrollment) == before
    assert await skipping.ended(enrollment) == ("completed", None)
    assert about(before[0], (await skipping.job(enrollment, "second"))["sent_at"])


async def test_a_time_of_day_is_the_new_clocks(skipping: Rig) -> None:
    """A delay until three in the afternoon is over when it is that at the contact's."""
    await skipping.until_noon(PHOENIX.key)
    enrollment, contact = await waiting(skipping, BY_CLOCK)
    await moves(skipping, contact, BRISBANE.key)
    at, _ = await planned(skipping, enrollment)
    assert at.astimezone(BRISBANE).time() == time(15)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert about(at, (await skipping.job(enrollment, "second"))["sent_at"])


async def test_an_import_wakes_only_whose_time_is_another_one(skipping: Rig, tmp_path: Path) -> None:
    """Of contacts whose zone is the same, or whose time is: nobody; nor of whoever waits without a window."""
    await skipping.until_noon(PHOENIX.key)
    moved, mover = await waiting(skipping, TEXTS)
    stays, stayer = await waiting(skipping, TEXTS)
    at_any_hour = TEXTS.replace("texts", "free").replace(', window: {from: "09:00", to: "17:00"}', "")
    anyhow, free = await waiting(skipping, at_any_hour)
    before = [await planned(skipping, one) for one in (stays, anyhow)]
    zones = ((mover, BRISBANE.key), (stayer, "America/Denver"), (free, BRISBANE.key))
    file = tmp_path / "contacts.csv"
    lines = [f"{one.external_id},{one.phone},{zone}" for one, zone in zones]
    file.write_text("\n".join(["external_id,phone,timezone", *lines]))
    for _ in range(2):
        await import_csv(skipping.engine, file, Reading(default_region="US"))
    assert await skipping.rows("SELECT enrollment_id FROM enrollment_signals") == [{"enrollment_id": moved}]
    at, gate = await planned(skipping, moved)
    assert (at.astimezone(BRISBANE).time(), gate) == (time(9), "window")
    assert [await planned(skipping, one) for one in (stays, anyhow)] == before


async def test_another_phone_number_is_another_clock(skipping: Rig) -> None:
    """Zones derive from the number where no zone is stored."""
    await skipping.until_noon(PHOENIX.key)
    enrollment, contact = await waiting(skipping, TEXTS)
    await change(skipping.engine, contact.external_id, Changes(phone="+64 9 300 1234"))
    at, gate = await planned(skipping, enrollment)
    assert (at.astimezone(AUCKLAND).time(), gate) == (time(9), "window")
    assert at < await skipping.now() + 3 * DAY
