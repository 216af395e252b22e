"""Simulations: the real engine, at a time of their own."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from authoring.check import check
from cli.commands.simulate import play
from domain.contact import Contact
from domain.enrollment import Gate
from domain.errors import TouchlineError
from domain.messages import Channel
from local.postgres import LocalPostgres
from scheduling.zones import candidate_zones
from settings import Settings
from simulation.cues import Cue
from simulation.outcome import Outcome
from simulation.people import start_of
from simulation.run import Person, Played, id_of
from simulation.servers import Servers
from store.gates.suppressions import Suppression

Play = Callable[..., Awaitable[Played]]
NOW = datetime(2026, 11, 21, tzinfo=UTC)
TENANT_ZONE = "America/New_York"


@pytest.fixture
def simulation(postgres: LocalPostgres, tmp_path: Path, bare: None) -> Play:
    """Plays a sequence's text for people."""

    async def run(text: str, *people: Person, cues: list[Cue] | None = None) -> Played:
        checked = check(text)
        assert checked.ok, checked.diagnostics
        return await play(Settings(), Servers(postgres, tmp_path), checked, people, cues or [])

    return run


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings from outside."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)


def person(name: str, start: str, zone: str | None = TENANT_ZONE, **more: Any) -> Person:
    fields = {"email": f"{name.lower()}@example.com", "phone": "+12125550100", **more.pop("contact", {})}
    contact = Contact(
        id=id_of(name),
        external_id=name,
        name=f"{name} Example",
        timezone=zone,
        zones=candidate_zones(zone, fields["phone"]),
        **fields,
    )
    return Person(contact, start_of(contact, start, NOW, TENANT_ZONE), **more)


def sent(outcome: Outcome) -> list[tuple[str, str]]:
    return [(message.step, message.at.isoformat()) for message in outcome.messages]


MONTH = """
sequence: month
shared_addresses: allow
window: {days: mon-fri, from: "09:00", to: "17:00", spread: 1h}
steps:
  - {id: hello, type: email, subject: Hi, body: Hello}
  - {type: delay, days: 2}
  - {id: text, type: sms, body: Hello again}
  - id: answer
    type: wait_for
    event: [booked, clicked]
    timeout: 3d
    then:
      - {id: thanks, type: sms, body: Thanks}
    else:
      - {id: late, type: email, thread: hello, body: Still there?}
  - {type: delay, days: 24}
  - {id: last, type: sms, body: Bye}
"""


async def test_a_simulation_answers_the_same_each_time(simulation: Play) -> None:
    """To the second, spread and events included, however busy the machine is."""
    people = [person(name, "2026-03-05T16:00") for name in ("A", "B", "C")]
    cues = [Cue("A", "text", "booked"), Cue("B", "late")]
    first, second = [await simulation(MONTH, *people, cues=cues) for _ in range(2)]
    assert [o.document() for o in first.outcomes] == [o.document() for o in second.outcomes]
    a, b, c = first.outcomes
    # Thursday, then Saturday: held until Monday, a day after the clocks went forward.
    assert sent(a)[0] == ("hello", "2026-03-05T16:00:00-05:00")
    assert [(one.step, one.gate) for one in a.held][:1] == [("text", Gate.WINDOW)]
    assert a.held[0].until == a.messages[1].at
    assert a.messages[1].at.isoformat()[:13] == "2026-03-09T09"
    assert a.messages[1].at.isoformat()[-6:] == "-04:00"
    # The event comes as soon as the text has, and ends the wait at once.
    assert [m.step for m in a.messages] == ["hello", "text", "thanks", "last"]
    assert a.messages[2].at == a.messages[1].at
    assert a.skipped == ["late"]
    assert (b.status, b.reason, [m.step for m in b.messages]) == ("stopped", "replied", ["hello", "text", "late"])
    assert (c.status, [m.step for m in c.messages]) == ("completed", ["hello", "text", "late", "last"])


async def test_ones_own_events_reach_conditions_and_the_goal(simulation: Play) -> None:
    """At the moment at which they happen: the goal ends the enrollment while it sleeps."""
    text = """
sequence: shop
shared_addresses: allow
goal: {event: purchase}
window: {days: mon-fri, from: "09:00", to: "17:00"}
steps:
  - {id: hello, type: sms, body: Hello}
  - {type: delay, days: 2}
  - {id: seen, type: condition, if: {event: visit, since: 3d}, then: [{id: thanks, type: sms, body: Thanks}]}
  - {id: more, type: sms, body: Come again}
"""
    people = [person(name, "2026-03-05T16:00") for name in ("A", "B", "C")]
    played = await simulation(text, *people, cues=[Cue("A", "hello", "purchase"), Cue("B", "hello", "visit")])
    a, b, c = played.outcomes
    assert (a.status, a.reason, [m.step for m in a.messages]) == ("stopped", "goal", ["hello"])
    assert (b.status, [m.step for m in b.messages]) == ("completed", ["hello", "thanks", "more"])
    assert (c.status, [m.step for m in c.messages], c.skipped) == ("completed", ["hello", "more"], ["thanks"])


async def test_a_start_is_meant_by_each_contacts_clock_in_the_past_and_years_ahead(simulation: Play) -> None:
    """So the same date is another moment for each of them, and calendar rules see the dates of then."""
    text = """
sequence: dates
shared_addresses: allow
steps:
  - {type: delay, days: 1}
  - {id: next, type: sms, body: Tomorrow}
  - {type: delay, until: 2031-12-24, at: "09:00"}
  - {id: eve, type: sms, body: Eve}
"""
    played = await simulation(
        text,
        person("NY", "2022-03-12T12:00"),
        person("Berlin", "2031-03-29T12:00", "Europe/Berlin"),
        person("Nobody", "2022-03-12T12:00", None, contact={"phone": "+18005550100"}),
    )
    new_york, berlin, unknown = played.outcomes
    assert sent(new_york) == [("next", "2022-03-13T12:00:00-04:00"), ("eve", "2031-12-24T09:00:00-05:00")]
    assert sent(berlin) == [("next", "2031-03-30T12:00:00+02:00"), ("eve", "2031-12-24T09:00:00+01:00")]
    # Where nobody knows the contact's zone, the tenant's holds.
    assert sent(unknown)[0] == ("next", "2022-03-13T12:00:00-04:00")


async def test_what_lies_further_ahead_than_a_simulation_goes_is_named(simulation: Play) -> None:
    """Whoever waits for it stays there, and the simulation ends."""
    text = """
sequence: far
steps:
  - {id: next, type: sms, body: Now}
  - {type: delay, until: 2040-12-24}
  - {id: eve, type: sms, body: Eve}
"""
    [outcome] = (await simulation(text, person("A", "2026-03-05"))).outcomes
    assert (outcome.status, [m.step for m in outcome.messages]) == ("running", ["next"])
    assert outcome.notes == ["eve is next on 2040-12-24, further ahead than a simulation goes"]


async def test_what_is_not_sent_is_accounted_for(simulation: Play) -> None:
    """Suppressed addresses, missing ones and missing values are told; whoever waits for a person stays there."""
    text = """
sequence: accounts
on_failure: continue
steps:
  - {id: text, type: sms, body: Hello}
  - {id: mail, type: email, subject: "{{ company }}", body: Hello}
  - id: known
    type: condition
    if: {field: status, eq: customer}
    then:
      - {id: call, type: task, title: Call}
"""
    barred = Suppression(Channel.SMS, "+12125550100", "unsubscribed", NOW)
    played = await simulation(
        text,
        person("Barred", "2026-03-05T10:00", barred=(barred,), contact={"company": "Acme"}),
        person("Mail", "2026-03-05T10:00", contact={"phone": None}),
        person(
            "Customer", "2026-03-05T10:00", contact={"company": "Acme", "phone": "+12125550199", "status": "customer"}
        ),
    )
    first, second, third = played.outcomes
    assert (first.status, first.skipped, first.notes) == (
        "completed",
        ["text", "call"],
        ["text was skipped: suppressed"],
    )
    assert second.notes == [
        "mail failed: this contact has no value for `company`",
        "text was skipped: no address for sms",
    ]
    assert (third.status, third.notes) == ("running", ["call waits for somebody"])
    assert [(one.step, one.gate, one.until) for one in third.held] == [("call", Gate.TASK, None)]


async def test_reports_of_messages_have_their_effect_and_what_never_comes_is_named(simulation: Play) -> None:
    """A bounce ends the enrollment, an opt-out too; a step that is not reached plays nothing."""
    cues = [Cue("A", "hello", "bounced"), Cue("B", "text", text="STOP"), Cue("C", "thanks", "clicked")]
    played = await simulation(
        MONTH,
        *(person(c.contact, "2026-03-03T10:00", contact={"phone": f"+1212555010{i}"}) for i, c in enumerate(cues)),
        cues=cues,
    )
    assert [(o.status, o.reason) for o in played.outcomes] == [
        ("stopped", "bounced"),
        ("stopped", "unsubscribed"),
        ("completed", None),
    ]
    assert played.unplayed == [cues[2]]


async def test_webhooks_are_posted_to_nobody(simulation: Play) -> None:
    """They are no messages, and are told beside them; a WhatsApp message is one like any other."""
    text = """
sequence: systems
steps:
  - {id: score, type: webhook, url: "https://127.0.0.1:9/score", save: {score: result.score}}
  - {id: greet, type: whatsapp, template: HX0123456789abcdef0123456789abcdef}
  - {id: heard, type: wait_for, event: reply, timeout: 1d}
"""
    played = await simulation(text, person("A", "2026-03-05"), cues=[Cue("A", "heard")])
    [outcome] = played.outcomes
    assert (outcome.status, [(m.step, m.channel) for m in outcome.messages]) == ("completed", [("greet", "whatsapp")])
    assert outcome.notes == ["score would be posted to https://127.0.0.1:9/score; nothing is saved of an answer"]
    assert played.unplayed == []


async def test_what_cannot_happen_ends_the_simulation_with_its_error(simulation: Play) -> None:
    """Nothing is tried again: it would only break again."""
    text = """
sequence: asks
steps:
  - {id: wait, type: wait_for, event: booked, timeout: 1d}
  - {id: hello, type: sms, body: Hello}
"""
    with pytest.raises(TouchlineError, match="nothing had been sent that could be opened"):
        await simulation(text, person("A", "2026-03-05"), cues=[Cue("A", "wait", "opened")])
    [outcome] = (await simulation(text, person("A", "2026-03-05"), cues=[Cue("A", "wait", "booked")])).outcomes
    assert sent(outcome) == [("hello", "2026-03-05T08:00:00-05:00")]


async def test_whoever_has_no_allowed_hour_is_not_enrolled(simulation: Play) -> None:
    """And says why."""
    text = """
sequence: narrow
window: {days: sat, from: "01:00", to: "01:01", timezone: contact}
steps:
  - {id: hello, type: sms, body: Hello}
"""
    zones = ("Europe/Berlin", "America/New_York")
    split = person("A", "2026-03-05")
    split = Person(split.contact.model_copy(update={"timezone": None, "zones": zones}), split.start)
    [outcome] = (await simulation(text, split)).outcomes
    assert outcome.status == "not_enrolled"
    assert outcome.reason
    assert outcome.messages == []
