"""The pages lead where they say, say what the code says, and can be read."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.reference import commands_page, settings_page

ROOT = Path(__file__).parents[3]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
PROSE = [page for page in PAGES if "reference/commands" not in str(page) and page.name != "CHANGELOG.md"]


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    bare = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return bare.replace(" ", "-")


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def _anchors(page: Path) -> set[str]:
    return {_anchor(one) for one in re.findall(r"^#+ (.+)$", _without_code(page.read_text("utf-8")), re.MULTILINE)}


def _broken(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", _without_code(page.read_text("utf-8"))):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        if not linked.exists() or (anchor and linked.suffix == ".md" and anchor not in _anchors(linked)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files and headings, as a reader's browser looks for them."""
    assert list(_broken(page)) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    """To a file or a heading that is not there."""
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](#here) [b](#there) [c](gone.md) [d](page.md#here)\n")
    assert list(_broken(page)) == ["#there", "gone.md"]


def test_commands_and_settings_are_those_of_the_code() -> None:
    """Made anew by `python -m cli.reference`."""
    assert (ROOT / "docs/reference/commands.md").read_text("utf-8") == commands_page()
    assert (ROOT / "docs/reference/settings.md").read_text("utf-8") == settings_page()


def test_each_answer_of_where_is_there() -> None:
    """A file that moves, or a name that changes, takes its answer along."""
    rows = re.findall(
        r"^\| (.+?) \| `([^`:]+)(?:::(\w+))?` \|$", (ROOT / "docs/explain/where.md").read_text(), re.MULTILINE
    )
    assert len(rows) >= 20
    missing = [
        (question, path, name)
        for question, path, name in rows
        if not (ROOT / path).is_file()
        or (
            name
            and not re.search(rf"^(?:async def|def|class) {name}\b|^{name}\b", (ROOT / path).read_text(), re.MULTILINE)
        )
    ]
    assert missing == []


def test_what_a_newcomer_reads_first_is_short() -> None:
    """The README begins with the two commands that CI runs."""
    readme = (ROOT / "README.md").read_text("utf-8")
    assert len(readme.splitlines()) <= 120
    assert len((ROOT / "docs/explain/architecture.md").read_text("utf-8").splitlines()) <= 200
    assert re.findall(r"^```sh\n(.+)\n```", readme, re.MULTILINE)[:2] == ["./touchline demo --json", "./touchline test"]
    assert "python -m starter" in readme


@pytest.mark.parametrize("page", sorted((ROOT / "docs/explain/decisions").glob("*.md")), ids=lambda page: page.stem)
def test_a_decision_has_three_lines(page: Path) -> None:
    """What was decided, why, and its price."""
    text = page.read_text("utf-8")
    entries = re.split(r"\n\n(?=\*\*)", text)[1:]
    assert entries
    for entry in entries:
        lines = [line for line in entry.splitlines() if line and not line.startswith("#")]
        assert [line[:4] for line in lines] == [lines[0][:4], "*Why", "*Pri"], entry
        assert lines[0].startswith("**"), entry
