"""`check` and `publish`."""

from pathlib import Path

import pytest

from settings import Settings
from tests.cli.conftest import CASES, Cli

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

WRONG = """sequence: wrong
steps:
  - id: one
    type: email
    subject: "Hi {{ nmae }}"
    body: x
  - {id: one, type: sms, body: "x"}
  - {id: w, type: delay}
"""


async def test_check_of_a_sound_file_says_so(cli: Cli) -> None:
    """Status 0, and what was checked; no service is needed."""
    said = await cli("check", EXAMPLES / "quick-tour.yaml")
    assert said.code == 0
    assert "sequence quick-tour, 5 steps, no errors" in said.out
    document = (await cli("check", EXAMPLES / "quick-tour.yaml", "--json")).document
    assert (document["ok"], document["sequence"], document["diagnostics"]) == (True, "quick-tour", [])


async def test_check_reports_every_error_as_compilers_do(cli: Cli, tmp_path: Path) -> None:
    """Status 1, and file:line: error: path: message (hint) for each of them, in the order of the file."""
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    said = await cli("check", file)
    assert said.code == 1
    lines = said.out.splitlines()
    assert [line.split(": ")[:3] for line in lines[:-1]] == [
        [f"{file}:5", "error", "steps[0].subject"],
        [f"{file}:7", "error", "steps[1].id"],
        [f"{file}:8", "error", "steps[2]"],
    ]
    assert lines[-1] == f"{file}: 3 errors"
    document = (await cli("check", file, "--json")).document
    assert document["ok"] is False
    assert [set(found) for found in document["diagnostics"]] == [{"severity", "path", "line", "message", "hint"}] * 3


async def test_a_file_that_is_not_there_is_named(cli: Cli) -> None:
    """Status 1 with a word, in JSON too, and no traceback."""
    said = await cli("check", "nowhere.yaml", "--json")
    assert said.code == 1
    assert said.document == {"error": "nowhere.yaml cannot be read: No such file or directory", "hint": None}
    assert "nowhere.yaml cannot be read" in said.err


async def test_publish_numbers_versions_and_says_when_nothing_changed(
    cli: Cli, services: Settings, files: Path
) -> None:
    """The same content again is unchanged; other content is the next version."""
    file = files / "slow.yaml"
    assert (await cli("publish", file)).out == "slow: version 1\n"
    assert "version 1: unchanged" in (await cli("publish", file)).out
    file.write_text(file.read_text().replace("Still there?", "Are you there?"))
    assert (await cli("publish", file, "--json")).document == {
        "sequence": "slow",
        "version": 2,
        "changed": True,
        "diagnostics": [],
    }


async def test_publish_refuses_a_file_with_errors_and_lists_them_all(cli: Cli, services: Settings, files: Path) -> None:
    """Nothing is stored; the diagnostics are those of `check`."""
    (files / "wrong.yaml").write_text(WRONG)
    said = await cli("publish", files / "wrong.yaml")
    assert said.code == 1
    assert said.out.count(": error: ") == 3
    assert (await cli("publish", files / "wrong.yaml", "--json")).document["ok"] is False
    assert (await cli("sequences", "--json")).document == []


async def test_publish_refuses_a_channel_that_nobody_carries(
    cli: Cli, services: Settings, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better now than at the thousandth send; the error names the setting."""
    monkeypatch.setenv("TOUCHLINE_SMS_PROVIDER", "none")
    said = await cli("publish", files / "slow.yaml", "--json")
    assert said.code == 3
    assert "no provider is configured for sms" in said.document["error"]
    assert "TOUCHLINE_SMS_PROVIDER" in said.document["hint"]


async def test_export_writes_either_form_and_nothing_else(cli: Cli, tmp_path: Path) -> None:
    """What it prints is a file that checks, however long its lines are."""
    long = tmp_path / "long.yaml"
    long.write_text(f"sequence: long\nsteps:\n  - {{id: a, type: email, subject: Hi, body: {'word ' * 400}end}}\n")
    for form in ("graph", "yaml"):
        said = await cli("export", long, "--as", form)
        assert said.code == 0
        written = tmp_path / f"written.{form}"
        written.write_text(said.out)
        assert (await cli("check", written)).code == 0
        document = (await cli("export", long, "--as", form, "--json")).document
        assert (document["as"], document["text"]) == (form, said.out)


async def test_export_refuses_a_file_with_errors(cli: Cli, tmp_path: Path) -> None:
    """The findings are those of `check`."""
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    said = await cli("export", file, "--as", "graph")
    assert said.code == 1
    assert said.out.count(": error: ") == 3
    assert "nothing was exported" in said.out


async def test_what_does_not_run_yet_is_exported_all_the_same(cli: Cli) -> None:
    """It is written whole; only publishing it would be wrong."""
    said = await cli("export", CASES / "cold-outreach.yaml", "--as", "graph")
    assert said.code == 0
    assert '"type": "condition"' in said.out
