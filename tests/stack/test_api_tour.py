"""The tour of the API is true: its commands are run in their order on a stack of their own, and its answers come."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from api.http.problems import types
from local.postgres import LocalPostgres

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/tutorial/api-tour.md").read_text(encoding="utf-8")
ANY = "…"
"""On the page: what differs from one time to the next, or is left out."""
PATIENCE_S = 600.0
"""Against hanging alone: a busy machine takes its time."""
_BLOCK = r"^<!-- executed in CI -->\n```sh\n(.*?)^```$(?:\n\n^```(json|text)\n(.*?)^```$)?"
_ENDS = "\x1e"
_TOOLS = ("bash", "curl", "jq")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not all(map(shutil.which, _TOOLS)), reason=f"one of {', '.join(_TOOLS)} is not installed, which the tour needs"
    ),
]


@dataclass
class Stop:
    """One block of the tour: what is typed, and what the page says comes."""

    commands: str
    form: str
    answer: str

    @property
    def name(self) -> str:
        """The end of what is typed, which is what an answer is to."""
        return self.commands.strip().splitlines()[-1].strip()[:60]


TOUR = [Stop(*found) for found in re.findall(_BLOCK, PAGE, re.MULTILINE | re.DOTALL)]


def _told_to_the_stack() -> dict[str, str]:
    """The settings that the page begins the stack with."""
    [line] = re.findall(r"^(.*)\./touchline up$", PAGE, re.MULTILINE)
    return dict(word.split("=", 1) for word in shlex.split(line))


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What each block has printed; where a command fails, the tour ends there and says why."""
    folder = tmp_path_factory.mktemp("tour")
    (folder / "touchline").symlink_to(ROOT / "touchline")
    env = {name: text for name, text in os.environ.items() if not name.startswith("TOUCHLINE_")} | {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "PYTHONPATH": str(ROOT),
        "TOUCHLINE_ENV_FILE": "",
        "TOUCHLINE_STATE_DIR": str(folder / "var"),
        "TOUCHLINE_OUTBOX_DIR": str(folder / "outbox"),
        "TOUCHLINE_API_PORT": "0",  # any
        **_told_to_the_stack(),
    }
    up = [sys.executable, "-m", "cli", "up", "--json"]
    try:
        with (
            (folder / "up.log").open("w") as log,
            subprocess.Popen(up, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=log) as stack,
        ):
            try:
                yield _walk(_address(stack), folder, env)
            finally:
                stack.terminate()
    finally:
        asyncio.run(LocalPostgres(folder / "var").remove())


def _address(stack: "subprocess.Popen[str]") -> str:
    """Where the API listens, as soon as the stack says so: the brace at the beginning of a line ends what it says."""
    assert stack.stdout is not None
    text = ""
    for line in stack.stdout:
        text += line
        if line == "}\n":
            break
    return str(json.loads(text)["api"])


def _walk(api: str, folder: Path, env: dict[str, str]) -> list[str]:
    """In one shell, as a reader does."""
    script = "".join(f"printf '{_ENDS}'\n{stop.commands}" for stop in TOUR).replace("http://127.0.0.1:8080", api)
    with (folder / "stdout").open("w") as out, (folder / "stderr").open("w") as err:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=env,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            with suppress(subprocess.TimeoutExpired):
                shell.wait(PATIENCE_S)
        finally:
            # With whatever it has left in the background.
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
    parts = (folder / "stdout").read_text(encoding="utf-8").split(_ENDS)[1:]
    if shell.returncode:
        said = f"{parts[-1]}\n{(folder / 'stderr').read_text()[-500:]}"
        pytest.fail(f"status {shell.returncode} of\n{TOUR[len(parts) - 1].commands}\n{said}", pytrace=False)
    return parts


def test_every_command_succeeds_and_answers_what_the_page_shows(printed: list[str]) -> None:
    """Members, order, words and numbers are those of the page, but for what it leaves open."""
    wrong = [difference for stop, came in zip(TOUR, printed, strict=True) if (difference := _difference(stop, came))]
    assert not wrong, "\n\n".join(wrong)


def _difference(stop: Stop, came: str) -> str:
    """What came where the page shows something else; empty: nothing did."""
    match stop.form:
        case "json":
            shown = [*_documents(stop.answer)]
            same = [_as_shown(*pair) for pair in zip_longest(shown, _documents(came))] == shown
        case "text":
            pattern = ".*".join(map(re.escape, stop.answer.split(ANY)))
            same = re.fullmatch(pattern, came.strip() + "\n") is not None
        case _:
            same = True
    return "" if same else f"{stop.name}\nshows {stop.answer}\nand is answered {came}"


def _documents(text: str) -> Iterator[Any]:
    """JSON, one after the other."""
    text = text.strip()
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        yield document
        text = text[end:].lstrip()


def _as_shown(shown: Any, came: Any) -> Any:
    """What came, with the page's own words wherever the page leaves open what comes."""
    match shown, came:
        case dict(), dict():
            known = {name: _as_shown(shown[name], value) for name, value in came.items() if name in shown}
            further = {name: value for name, value in came.items() if name not in shown}
            return known | ({ANY: ANY} if ANY in shown else further)
        case list(), list() if len(shown) == len(came):
            return [*map(_as_shown, shown, came)]
        case str(), str() if re.fullmatch(".+".join(map(re.escape, shown.split(ANY))), came):
            return shown
        case "…", int() | float():
            return shown
    return came


def test_the_tour_leads_everywhere() -> None:
    """The extraction finds every block that is marked, and the table names every kind of error."""
    assert len(TOUR) == PAGE.count("<!-- executed in CI -->") > 50
    named = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", PAGE, re.MULTILINE))
    assert named == {kind.rpartition(":")[2]: str(status) for kind, status in types().items()}
