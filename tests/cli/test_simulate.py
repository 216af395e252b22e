"""`simulate` and `verify`."""

from pathlib import Path

import pytest

from settings import Settings
from tests.cli.conftest import Cli

SEQUENCE = """
sequence: short
window: {days: mon-fri, from: "09:00", to: "17:00"}
steps:
  - {id: hello, type: email, subject: 'Hi {{ first_name }}', body: Hello}
  - {type: delay, days: 1}
  - {id: more, type: sms, body: More}
"""
TESTS = """
tests:
  - name: both
    contact: &ada {name: Ada, email: ada@example.com, phone: "+12125550101", timezone: Europe/London}
    start: 2026-03-05 10:00
    expect:
      messages: [{step: hello, at: 2026-03-05 10:00, subject: Hi Ada}, {step: more, at: 2026-03-06}]
      status: completed
  - name: opt-out
    contact: *ada
    start: 2026-03-05 10:00
    replies: [{step: hello, text: unsubscribe}]
    expect: {messages: [{step: hello}], reason: unsubscribed, skipped: more}
"""


@pytest.fixture
def sequence(files: Path) -> Path:
    return written(files, SEQUENCE)


def written(folder: Path, text: str) -> Path:
    file = folder / "short.yaml"
    file.write_text(text)
    return file


async def test_simulate_prints_who_would_get_what_and_when(
    cli: Cli, bare: pytest.MonkeyPatch, files: Path, sequence: Path
) -> None:
    """Nothing has to run; stdout is one document, each time by the contact's clock, and nothing is left on disk."""
    said = await cli(
        *("simulate", sequence, "--csv", files / "people.csv", "--start", "2026-03-06T16:30"),
        *("--reply", "hello:P2", "--event", "more:P2:opened", "--json"),
    )
    assert said.code == 0
    assert said.err == "opened of P2 to more: it never came to that\n"
    assert said.document == {
        "contacts": [
            {
                "contact": "P1",
                "status": "completed",
                "reason": None,
                "messages": [
                    {
                        "step": "hello",
                        "channel": "email",
                        "at": "2026-03-06T16:30:00-05:00",
                        "to": "ada@example.com",
                        "subject": "Hi Ada",
                        "body": "Hello",
                    },
                    {
                        "step": "more",
                        "channel": "sms",
                        "at": "2026-03-09T09:00:00-04:00",
                        "to": "+12125550101",
                        "subject": None,
                        "body": "More",
                    },
                ],
                "held": [{"step": "more", "gate": "window", "until": "2026-03-09T09:00:00-04:00"}],
                "skipped": [],
            },
            {
                "contact": "P2",
                "status": "stopped",
                "reason": "replied",
                "messages": [
                    {
                        "step": "hello",
                        "channel": "email",
                        "at": "2026-03-06T16:30:00-05:00",
                        "to": "bo@example.com",
                        "subject": "Hi Bo",
                        "body": "Hello",
                    }
                ],
                "held": [{"step": "more", "gate": "window", "until": "2026-03-09T09:00:00-04:00"}],
                "skipped": ["hello.1", "more"],
            },
            {
                "contact": "P3",
                "status": "completed",
                "reason": None,
                "messages": [
                    {
                        "step": "hello",
                        "channel": "email",
                        "at": "2026-03-06T16:30:00+01:00",
                        "to": "cy@example.com",
                        "subject": "Hi Cy",
                        "body": "Hello",
                    },
                    {
                        "step": "more",
                        "channel": "sms",
                        "at": "2026-03-09T09:00:00+01:00",
                        "to": "+14155550103",
                        "subject": None,
                        "body": "More",
                    },
                ],
                "held": [{"step": "more", "gate": "window", "until": "2026-03-09T09:00:00+01:00"}],
                "skipped": [],
            },
        ]
    }
    assert list((files / "var").iterdir()) == []


async def test_a_contact_of_the_running_database_is_simulated_as_it_is(
    cli: Cli, services: Settings, files: Path, sequence: Path
) -> None:
    """Whoever has opted out is not written to; people read the same in words, and nothing is enrolled or sent."""
    assert (await cli("contacts", "import", files / "people.csv")).code == 0
    assert (await cli("reply", "--from", "+12125550101", "STOP")).code == 0
    said = await cli("simulate", sequence, "--contact", "P1", "--contact", "P3", "--start", "2026-03-05")
    assert said.code == 0
    first, second = said.out.split("\n\n")[:2]
    assert first.splitlines() == [
        "P1  completed  (America/New_York)",
        "  Thu 2026-03-05 09:00  hello: email to ada@example.com: Hi Ada",
        "  hello was held back by its window of allowed hours, until Thu 2026-03-05 09:00",
        "  more was skipped: suppressed",
        "  skipped: more",
    ]
    assert "  Fri 2026-03-06 09:00  more: sms to +14155550103: More" in second.splitlines()
    assert (await cli("enrollments", "--json")).document["enrollments"] == []
    said = await cli("simulate", sequence, "--contact", "P9", "--json")
    assert (said.code, said.document["error"]) == (1, "no contact 'P9'")


async def test_without_a_database_contact_names_the_other_way(
    cli: Cli, bare: pytest.MonkeyPatch, sequence: Path
) -> None:
    """Status 3, and a file is what needs no database."""
    said = await cli("simulate", sequence, "--contact", "P1", "--json")
    assert said.code == 3
    assert "--csv FILE" in said.document["hint"]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ((), 2, "--csv"),
        (("--csv", "people.csv", "--contact", "P1"), 2, "--csv"),
        (("--csv", "nowhere.csv"), 1, "nowhere.csv cannot be read"),
        (("--csv", "people.csv", "--start", "tomorrow"), 1, "'tomorrow' is no date"),
        (("--csv", "people.csv", "--reply", "hello"), 2, "STEP:CONTACT"),
        (("--csv", "people.csv", "--reply", "hello:P9"), 1, "no contact 'P9'"),
        (("--csv", "people.csv", "--reply", "nope:P1"), 1, "no step 'nope'"),
        (("--csv", "people.csv", "--reply", "hello.1:P1"), 1, "waits for nobody"),
        (("--csv", "people.csv", "--event", "hello:P1"), 2, "STEP:CONTACT:NAME"),
        (("--csv", "people.csv", "--event", "hello:P1:a b"), 1, "nothing in the sequence hears of"),
        (("--csv", "people.csv", "--event", "hello:P1:paid"), 1, "what it hears: reply, opened"),
        (("--csv", "bad.csv"), 1, "bad.csv:2: "),
    ],
)
async def test_mistakes_are_named_before_anything_runs(
    cli: Cli,
    bare: pytest.MonkeyPatch,
    files: Path,
    sequence: Path,
    arguments: tuple[str, ...],
    code: int,
    word: str,
) -> None:
    """Each by its own word."""
    bare.chdir(files)
    (files / "bad.csv").write_text("external_id,email\nX,nope\n")
    said = await cli("simulate", sequence, *arguments)
    assert said.code == code
    assert word in said.err
    assert not (files / "var").exists()


async def test_a_file_with_errors_is_not_simulated(cli: Cli, bare: pytest.MonkeyPatch, files: Path) -> None:
    """The findings are those of `check`."""
    (files / "wrong.yaml").write_text("sequence: x\nsteps: [{type: sms}]\n")
    for arguments in (
        ("simulate", files / "wrong.yaml", "--csv", files / "people.csv"),
        ("verify", files / "wrong.yaml"),
    ):
        said = await cli(*arguments)
        assert said.code == 1
        assert ": error: " in said.out


async def test_verify_runs_each_test_by_itself(cli: Cli, bare: pytest.MonkeyPatch, sequence: Path) -> None:
    """An opt-out in one test leaves the same contact of another alone; status 0 when everything is as expected."""
    written(sequence.parent, SEQUENCE + TESTS)
    said = await cli("verify", sequence)
    assert said.out.splitlines() == ["passed  both", "passed  opt-out", f"{sequence}: 2 passed, 0 failed"]
    assert said.code == 0


async def test_verify_says_what_is_not_as_expected(cli: Cli, bare: pytest.MonkeyPatch, sequence: Path) -> None:
    """Status 1, and one line for each difference: when, what, how it ended, and what never came."""
    written(
        sequence.parent,
        SEQUENCE
        + """
tests:
  - name: wrong
    contact: {name: Ada, email: ada@example.com, phone: "+12125550101", timezone: Europe/London}
    start: 2026-03-05 10:00
    replies: hello
    events: [{step: more, event: clicked}]
    expect:
      messages: [{step: hello, at: 2026-03-05 11:00, body: Good day}, {step: more, at: 2026-03-06}]
      status: completed
  - name: more than expected
    contact: {name: Bo, email: bo@example.com, phone: "+12125550102", timezone: Europe/London}
    start: 2026-03-05 10:00
    expect: {messages: [{step: hello, at: 2026-03-05T10:00:00}], skipped: more}
""",
    )
    said = await cli("verify", sequence)
    assert said.code == 1
    assert said.out.splitlines() == [
        "FAILED  wrong",
        "  hello: expected at 2026-03-05 11:00, was sent at 2026-03-05 10:00",
        "  hello: body: expected 'Good day', is 'Hello'",
        "  more: expected at 2026-03-06, was not sent; the enrollment is stopped (replied)",
        "  status: expected completed, is stopped (replied)",
        "  clicked to more: it never came to that, more did not reach the contact",
        "FAILED  more than expected",
        "  more: not expected, was sent at 2026-03-06 10:00",
        "  more: expected to be skipped, was not",
        f"{sequence}: 0 passed, 2 failed",
    ]


async def test_verify_of_a_file_without_tests_is_refused(cli: Cli, bare: pytest.MonkeyPatch, sequence: Path) -> None:
    """A CI that verifies nothing should not be green."""
    said = await cli("verify", sequence, "--json")
    assert (said.code, "holds no tests" in said.document["error"]) == (1, True)


async def test_other_tests_make_no_new_version(cli: Cli, services: Settings, sequence: Path) -> None:
    """They are the file's own, and are not stored."""
    assert "version 1" in (await cli("publish", sequence)).out
    written(sequence.parent, SEQUENCE + TESTS)
    assert (await cli("publish", sequence)).out == "short: version 1: unchanged, nothing was published\n"


async def test_a_simulation_has_no_brake(cli: Cli, bare: pytest.MonkeyPatch, files: Path) -> None:
    """Everybody's way is shown: nobody is there who could resume a sequence that has paused itself."""
    file = written(files, SEQUENCE.replace("Hello}", "'{{ attributes.plan }}'}") + "brake: {failures: 1, of: 1}\n")
    said = await cli("simulate", file, "--csv", files / "people.csv", "--start", "2026-03-03T10:00", "--json")
    assert said.code == 0
    assert [person["status"] for person in said.document["contacts"]] == ["failed"] * 3
