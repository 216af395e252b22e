"""The tests beside a sequence: simulate each of them, and say what is not as the author expects."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import SequenceMatcher

from authoring.check import Checked
from authoring.language.expectation import Case, Expected, ExpectedMessage
from content.addresses import normal_email, normal_phone
from domain.contact import Contact
from domain.enrollment import EnrollmentStatus
from domain.errors import TouchlineError
from scheduling.zones import candidate_zones
from simulation.cues import Cue
from simulation.outcome import Outcome, SentMessage
from simulation.people import start_of
from simulation.run import Person, Played, id_of, must_fit

Play = Callable[[Sequence[Person], Sequence[Cue]], Awaitable[Played]]
"""Simulate these people together."""

_MINUTE = len("2026-12-01T09:30")
_NOW = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Verdict:
    """What came of one test."""

    name: str
    outcome: Outcome
    differences: list[str] = field(default_factory=list)

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "name": self.name,
            "passed": not self.differences,
            "differences": self.differences,
            "outcome": self.outcome.document(),
        }


@dataclass(frozen=True)
class _Part:
    """One test, ready to be played."""

    case: Case
    person: Person
    cues: tuple[Cue, ...]

    @property
    def names(self) -> frozenset[str]:
        """What may stand in one simulation once: an opt-out of one person must not silence another."""
        contact = self.person.contact
        return frozenset(name for name in (contact.external_id, contact.email, contact.phone) if name)


async def verify(checked: Checked, play: Play, default_region: str, zone: str) -> list[Verdict]:
    """The verdicts in the order of the file. Raises TouchlineError when there is nothing to verify."""
    cases = checked.definition.tests if checked.definition else ()
    if not cases:
        raise TouchlineError(
            f"{checked.filename} holds no tests",
            hint="docs/reference/sequences.md says how `tests` are written beside the steps",
        )
    parts = [_part(case, index, default_region, zone) for index, case in enumerate(cases)]
    must_fit(checked, [part.person.contact for part in parts], [cue for part in parts for cue in part.cues])
    verdicts: dict[str, Verdict] = {}
    for group in _apart(parts):
        played = await play([part.person for part in group], [cue for part in group for cue in part.cues])
        for part, outcome in zip(group, played.outcomes, strict=True):
            missed = [cue for cue in played.unplayed if cue.contact == outcome.contact]
            verdicts[part.case.name] = Verdict(
                part.case.name, outcome, [*_differences(part.case.expect, outcome), *map(_missed, missed)]
            )
    return [verdicts[case.name] for case in cases]


def _part(case: Case, index: int, default_region: str, zone: str) -> _Part:
    given = case.contact
    external_id = given.external_id or f"test-{index + 1}"
    try:
        # Whether it is one depends on the region, which a check of the file does not know.
        phone = normal_phone(given.phone, default_region) if given.phone else None
    except ValueError as error:
        raise TouchlineError(f"test `{case.name}`: {given.phone} is no phone number: {error}") from error
    contact = Contact(
        id=id_of(external_id),
        external_id=external_id,
        name=given.name,
        email=normal_email(given.email) if given.email else None,
        phone=phone,
        company=given.company,
        timezone=given.timezone,
        zones=candidate_zones(given.timezone, phone),
        tags=given.tags,
        triggers=given.triggers,
        status=given.status,
        attributes=given.attributes,
    )
    replies = (Cue(external_id, r.step, **({"text": r.text} if r.text else {})) for r in case.replies)
    events = (Cue(external_id, e.step, e.event) for e in case.events)
    return _Part(case, Person(contact, start_of(contact, case.start, _NOW, zone)), (*replies, *events))


def _apart(parts: Sequence[_Part]) -> list[list[_Part]]:
    """As few simulations as keep those apart who share a name or an address."""
    groups: list[tuple[set[str], list[_Part]]] = []
    for part in parts:
        for names, group in groups:
            if names.isdisjoint(part.names):
                names |= part.names
                group.append(part)
                break
        else:
            groups.append((set(part.names), [part]))
    return [group for _, group in groups]


# --- what is not as expected -----------------------------------------------------------------------------


def _differences(expected: Expected, found: Outcome) -> Iterator[str]:
    if expected.messages is not None:
        yield from _of_messages(expected.messages, found)
    if expected.status is not None and expected.status != found.status:
        why = f" ({found.reason})" if found.reason else ""
        yield f"status: expected {expected.status}, is {found.status}{why}"
    if expected.reason is not None and expected.reason != found.reason:
        yield f"reason: expected {expected.reason}, is {found.reason or 'none'}"
    for step in expected.skipped:
        if step not in found.skipped:
            yield f"{step}: expected to be skipped, was not"


def _of_messages(expected: Sequence[ExpectedMessage], found: Outcome) -> Iterator[str]:
    wanted, sent = [m.step for m in expected], [m.step for m in found.messages]
    for kind, i, i_end, j, j_end in SequenceMatcher(None, wanted, sent, autojunk=False).get_opcodes():
        if kind == "equal":
            for one, other in zip(expected[i:i_end], found.messages[j:j_end], strict=True):
                yield from _of_message(one, other)
            continue
        for one in expected[i:i_end]:
            at = f" at {_shown(one.at)}" if one.at else ""
            yield f"{one.step}: expected{at}, was not sent{_why_not(one.step, found)}"
        for other in found.messages[j:j_end]:
            yield f"{other.step}: not expected, was sent at {_shown(_local(other.at)[:_MINUTE])}"


def _why_not(step: str, found: Outcome) -> str:
    if step in found.skipped and found.status == EnrollmentStatus.COMPLETED:
        return "; it was skipped"
    return f"; the enrollment is {found.status}" + (f" ({found.reason})" if found.reason else "")


def _of_message(expected: ExpectedMessage, found: SentMessage) -> Iterator[str]:
    at = _local(found.at)
    if expected.at is not None and not at.startswith(expected.at):
        seen = at[: max(_MINUTE, len(expected.at))]
        yield f"{found.step}: expected at {_shown(expected.at)}, was sent at {_shown(seen)}"
    for key in ("channel", "to", "subject", "body"):
        wanted, given = getattr(expected, key), getattr(found, key)
        if wanted is not None and wanted.strip() != (given or "").strip():
            yield f"{found.step}: {key}: expected {wanted.strip()!r}, is {(given or '').strip()!r}"


def _local(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="seconds")


def _shown(at: str) -> str:
    return at.replace("T", " ")


def _missed(cue: Cue) -> str:
    return f"{cue.event} to {cue.step}: it never came to that, {cue.step} did not reach the contact"
