"""What a browser downloads of the console stays small; kB are 1,024 bytes of `gzip -9`."""

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

DIST = Path(__file__).resolve().parents[2] / "console" / "dist"
ASSETS = DIST / "assets"
_NOW = re.compile(r'(?:from|import)"\./([^"]+\.js)"')
"""Static imports, which come with whoever imports them."""
_LATER = re.compile(r'import\("\./([^"]+\.js)"\)|import\(`\./([^`]+\.js)`\)')


def _kb(files: Iterable[Path]) -> float:
    return sum(len(gzip.compress(file.read_bytes(), 9, mtime=0)) for file in files) / 1024


def _with_imports(*names: str) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _NOW.findall((ASSETS / name).read_text())
    return found


def _scripts(names: Iterable[str]) -> list[Path]:
    return [ASSETS / name for name in names]


FIRST = _with_imports(
    *re.findall(r'/assets/([^"]+\.js)"', (DIST / "index.html").read_text()),
    *(file.name for file in ASSETS.glob("Overview-*.js")),
)
PAGES = sorted(
    {
        name
        for file in ASSETS.glob("*.js")
        for found in _LATER.findall(file.read_text())
        for name in found
        if name and not name.startswith("Overview-")
    }
)


def test_the_first_page_is_at_most_175_kb_of_script() -> None:
    """The entry, all that it imports, and the overview."""
    assert _kb(_scripts(FIRST)) <= 175


def test_the_canvas_is_at_most_85_kb() -> None:
    """In a file of its own, so that no other page brings it."""
    assert 10 < _kb(ASSETS.glob("flow-*.js")) <= 85


@pytest.mark.parametrize("page", PAGES, ids=[name.partition("-")[0] for name in PAGES])
def test_any_other_page_is_at_most_35_kb_more(page: str) -> None:
    """Beyond what the first one brought; the canvas has a budget of its own."""
    more = {name for name in _with_imports(page) - FIRST if not name.startswith("flow-")}
    assert _kb(_scripts(more)) <= 35


def test_there_are_pages_to_weigh() -> None:
    """The pattern of lazy imports still finds them."""
    assert len(PAGES) >= 8


def test_the_whole_is_at_most_450_kb() -> None:
    """With styles and licences."""
    assert _kb(file for file in DIST.rglob("*") if file.is_file()) <= 450
