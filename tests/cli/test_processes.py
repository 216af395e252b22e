"""`demo`, `up`, `test` as processes: what a user at a terminal does."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from local.ports import free_port
from local.postgres import LocalPostgres
from providers.outbox import count_outbox
from tests.providers import twilio_calls
from tests.providers.twilio_calls import TOKEN, call
from tests.support.helpers import assert_eventually

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 300.0
"""Whatever takes longer hangs: a demo beside seven busy processes on two slow cores takes more than a minute."""


class Home:
    """A state folder of its own, and commands that run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHLINE_")}
        self.env = {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "TOUCHLINE_ENV_FILE": "",
            "TOUCHLINE_STATE_DIR": str(folder / "var"),
            "TOUCHLINE_OUTBOX_DIR": str(folder / "outbox"),
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "stderr").open("a"),
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        with self.start(*arguments) as process:
            out, _ = process.communicate(timeout=PATIENCE_S)
        return process.returncode, out

    def document(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json")[1])

    @property
    def errors(self) -> str:
        return (self.folder / "stderr").read_text()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def ready(up: "subprocess.Popen[str]") -> dict[str, str]:
    """The addresses, as soon as `up` has printed its document: the brace at the beginning of a line ends it."""
    assert up.stdout is not None
    text = ""
    for line in up.stdout:
        text += line
        if line == "}\n":
            break
    document: dict[str, str] = json.loads(text)
    return document


def end(process: "subprocess.Popen[str]", number: signal.Signals) -> int:
    process.send_signal(number)
    return process.wait(PATIENCE_S)


@pytest.mark.e2e
def test_the_demo_ends_as_it_should_and_leaves_only_its_outbox(home: Home) -> None:
    """One JSON object of exactly the documented shape, status 0, and no server, worker or data behind it.

    Whatever the user's own settings say, no real provider and no other server is touched.
    """
    home.env |= {
        "TOUCHLINE_EMAIL_PROVIDER": "smtp",
        "TOUCHLINE_SMTP_HOST": "127.0.0.1",
        "TOUCHLINE_SMTP_PORT": "1",
        "TOUCHLINE_SMS_PROVIDER": "none",
        "TOUCHLINE_DATABASE_URL": "postgres://127.0.0.1:1/none",
        "TOUCHLINE_TEMPORAL_ADDRESS": "127.0.0.1:1",
        "TOUCHLINE_TEMPORAL_API_KEY": "secret",
        "TOUCHLINE_TASK_QUEUE": "elsewhere",
    }
    code, out = home.run("demo", "--json")
    assert code == 0, home.errors
    document = json.loads(out)
    assert set(document) == {"enrollments", "messages", "steps", "seconds"}
    assert document["enrollments"] == {"completed": 22, "stopped": 3}
    assert set(document["messages"]) <= {"sent", "cancelled"}
    assert [set(s) for s in document["steps"]] == [{"step", "type", "sent", "pending", "failed", "responses"}] * 3
    assert [(s["step"], s["type"], s["pending"], s["failed"]) for s in document["steps"]] == [
        ("hello", "email", 0, 0),
        ("nudge", "sms", 0, 0),
        ("last-note", "email", 0, 0),
    ]
    assert sum(s["responses"] for s in document["steps"]) == 3
    assert sum(s["sent"] for s in document["steps"]) == document["messages"]["sent"]
    assert count_outbox(home.folder / "var/demo/outbox") == document["messages"]["sent"]
    assert [p.name for p in (home.folder / "var").iterdir()] == ["demo"]


@pytest.mark.e2e
def test_the_demo_on_a_terminal_leaves_the_console_open(home: Home) -> None:
    """Its address signs in, and serves the people who were just played, until Ctrl-C; then nothing is left."""
    terminal, inside = pty.openpty()
    with (
        subprocess.Popen(
            [sys.executable, "-m", "cli", "demo"],
            cwd=home.folder,
            env={**home.env, "COLUMNS": "400", "TERM": "dumb"},
            stdin=inside,
            stdout=inside,
            stderr=inside,
        ) as process,
    ):
        os.close(inside)
        shown = _read_until(terminal, b"Ctrl-C ends it")
        url, once = re.findall(r"Console: (\S+)/console/#once=(\w+(?:-\w*)*)", shown)[-1]
        with httpx.Client(base_url=url, headers={"Origin": url}) as http:
            http.post("/session/link", json={"once": once}).raise_for_status()
            counted = http.get("/flow-executions/statistics").raise_for_status().json()
        assert (counted["completed"], counted["stopped"]) == (22, 3)
        assert end(process, signal.SIGINT) == 0  # type: ignore[arg-type] # reads bytes, and ends alike
    os.close(terminal)
    assert [p.name for p in (home.folder / "var").iterdir()] == ["demo"]


def _read_until(terminal: int, words: bytes) -> str:
    shown = b""
    deadline = time.monotonic() + PATIENCE_S
    while words not in shown:
        assert time.monotonic() < deadline, shown.decode()
        if select.select([terminal], [], [], 1.0)[0]:
            shown += os.read(terminal, 65536)
    return shown.decode()


@pytest.mark.e2e
async def test_an_interrupted_demo_cleans_up(home: Home) -> None:
    """Ctrl-C is quiet, has a status of its own, and leaves no server, worker or data."""
    process = home.start("demo")
    with process:
        await child_of(process.pid, "worker.py")
        children = psutil.Process(process.pid).children(recursive=True)
        assert end(process, signal.SIGINT) == 130
    assert "Traceback" not in home.errors
    psutil.wait_procs(children, PATIENCE_S)
    assert [child for child in children if child.is_running()] == []
    assert [*(home.folder / "var").iterdir()] == []


async def child_of(pid: int, program: str, *, other_than: int = 0) -> int:
    """The process id of the worker or API that this process has started, as soon as there is one."""

    async def found() -> int:
        for child in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if child.pid != other_than and "".join(child.cmdline()[-1:]).endswith(program):
                    return child.pid
        raise AssertionError(f"no {program} was started")

    return await assert_eventually(found, timeout_s=PATIENCE_S)


async def talk_to(api: str, up: int) -> None:
    """It serves; killed, it serves again, and takes a signed call."""
    async with httpx.AsyncClient(base_url=api, timeout=PATIENCE_S) as http:
        assert "Touchline" in (await http.get("/docs")).text

        async def works() -> None:
            assert (await http.get("/readyz")).json() == {"database": "ok", "temporal": "ok"}

        await assert_eventually(works, timeout_s=PATIENCE_S, poll_s=0.2)
        first = await child_of(up, "api")
        psutil.Process(first).kill()
        await child_of(up, "api", other_than=first)

        async def again() -> None:
            try:
                assert (await http.get("/readyz")).status_code == 200
            except httpx.TransportError as error:
                raise AssertionError("it does not listen yet") from error

        await assert_eventually(again, timeout_s=PATIENCE_S, poll_s=0.2)
        text = call(twilio_calls.REPLY, f"{api}/webhooks/twilio/inbound")
        answer = await http.post(text.url, content=text.body, headers=dict(text.headers))
        assert answer.status_code == 200


@pytest.mark.e2e
async def test_up_replaces_a_dead_api_where_it_was(home: Home) -> None:
    """The URL that was printed answers again after a kill -9; a port that is taken is not fought for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        home.env["TOUCHLINE_API_PORT"] = str(taken.getsockname()[1])
        home.env["TOUCHLINE_TWILIO_WEBHOOK_TOKENS"] = TOKEN
        try:
            with home.start("up", "--json") as up:
                try:
                    printed = ready(up)
                    assert printed["api"] != f"http://127.0.0.1:{taken.getsockname()[1]}"
                    assert printed["docs"] == f"{printed['api']}/docs"
                    found = {finding["name"]: finding for finding in home.document("doctor")}
                    assert (found["API"]["status"], found["API"]["detail"]) == ("ok", f"receives at {printed['api']}")
                    assert (found["database role"]["status"], found["migrations"]["status"]) == ("ok", "ok")
                    assert len(home.document("tenants", "list")["tenants"]) == 1, "the owner's commands find the owner"
                    api = await child_of(up.pid, "api")
                    assert "OWNER_URL" not in " ".join(psutil.Process(api).environ()), "which no server is told"
                    await talk_to(printed["api"], up.pid)
                finally:
                    assert end(up, signal.SIGTERM) == 0
            assert "the API ended by itself and is started again in 1 s" in home.errors
            assert "Traceback" not in (home.folder / "var/api.log").read_text()
        finally:
            await LocalPostgres(home.folder / "var").remove()


@pytest.mark.e2e
@pytest.mark.parametrize("server", ["synchronous_commit=on", "journal_mode=wal"], ids=["PostgreSQL", "Temporal"])
async def test_up_starts_a_server_again_that_is_killed_while_it_starts(home: Home, server: str) -> None:
    """However often it dies on its way up, it is tried again, and everything works on it afterwards."""
    home.env["TOUCHLINE_API_PORT"] = str(free_port())
    try:
        with home.start("up", "--json") as up:
            try:
                printed = ready(up)
                last = 0
                for _ in range(3):
                    last = await child_of(up.pid, server, other_than=last)
                    psutil.Process(last).kill()
                await child_of(up.pid, server, other_than=last)
                async with httpx.AsyncClient(base_url=printed["api"], timeout=PATIENCE_S) as http:

                    async def works() -> None:
                        assert (await http.get("/readyz")).json() == {"database": "ok", "temporal": "ok"}

                    await assert_eventually(works, timeout_s=PATIENCE_S, poll_s=0.2)
            finally:
                assert end(up, signal.SIGINT) == 0
    finally:
        await LocalPostgres(home.folder / "var").remove()


@pytest.mark.e2e
async def test_up_replaces_a_dead_worker_and_goes_on_after_kill_9(home: Home) -> None:
    """Other commands find it by themselves; an enrollment that sleeps outlives the worker and the whole stack."""
    home.env["TOUCHLINE_API_PORT"] = str(free_port())
    try:
        with home.start("up", "--json") as up:
            try:
                assert ready(up)["temporal_ui"].startswith("http://127.0.0.1:")
                first = await child_of(up.pid, "worker.py")
                api = await child_of(up.pid, "api")
                assert psutil.Process(first).nice() > psutil.Process(api).nice(), "the worker gives way"
                sequence = home.folder / "nap.yaml"
                sequence.write_text(
                    "sequence: nap\nsteps:\n  - {id: a, type: sms, body: one}\n"
                    "  - {id: w, type: delay, days: 1}\n  - {id: b, type: sms, body: two}\n"
                )
                contacts = home.folder / "c.csv"
                contacts.write_text("external_id,phone\nC1,+12125550101\n")
                assert home.run("contacts", "import", str(contacts))[0] == 0
                assert home.run("publish", str(sequence))[0] == 0
                enrollment = home.document("enroll", "nap", "--contact", "C1")["enrollments"][0]

                async def asleep() -> None:
                    assert home.document("show", enrollment)["next"]["step"] == "b"

                await assert_eventually(asleep, timeout_s=PATIENCE_S)
                psutil.Process(first).kill()
                await child_of(up.pid, "worker.py", other_than=first)
                assert home.document("up")["error"].startswith("the local stack of ")
            finally:
                end(up, signal.SIGKILL)
        assert "the worker ended by itself and is started again in 1 s" in home.errors
        assert home.run("sequences")[0] == 3
        with home.start("up", "--json") as up:
            try:
                ready(up)
                shown = home.document("show", enrollment)
                assert (shown["status"], shown["next"]["step"]) == ("running", "b")

                async def heard() -> None:
                    [api] = [finding for finding in home.document("doctor") if finding["name"] == "API"]
                    assert (api["status"], home.env["TOUCHLINE_API_PORT"] in api["detail"]) == ("ok", True)

                async def done() -> None:
                    home.run("send-now", enrollment)
                    assert home.document("show", enrollment)["status"] == "completed"

                await assert_eventually(heard, timeout_s=PATIENCE_S)
                await assert_eventually(done, timeout_s=PATIENCE_S)
            finally:
                assert end(up, signal.SIGINT) == 0
        assert count_outbox(home.folder / "outbox") == 2
    finally:
        await LocalPostgres(home.folder / "var").remove()


def test_test_passes_its_arguments_and_exit_status_on(home: Home) -> None:
    """pytest gets them untouched, in the checkout, from whatever folder."""
    code, out = home.run("test", "--collect-only", "-q", "-k", "not a_test and a_test", "tests/unit/test_addresses.py")
    assert code == 5  # pytest's own "no tests were collected"
    assert "deselected" in out


def test_bench_is_called_with_its_arguments(home: Home) -> None:
    """Its own help answers."""
    code, out = home.run("bench", "--help")
    assert code == 0
    assert "throughput" in out


def test_a_command_is_over_before_the_interpreter_takes_itself_down(home: Home) -> None:
    """What threads of the Temporal client do meanwhile could abort the process, and change its exit status."""
    (home.folder / "sitecustomize.py").write_text("import atexit, os\natexit.register(os.abort)\n")
    home.env["PYTHONPATH"] = os.pathsep.join((str(home.folder), str(ROOT)))
    code, out = home.run("sequences", "--json")
    assert (code, json.loads(out)["error"]) == (3, "nothing is running")


def test_ctrl_c_while_a_command_is_being_loaded_is_silent(home: Home) -> None:
    """Status 130 and no traceback."""
    (home.folder / "typer.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    home.env["PYTHONPATH"] = os.pathsep.join((str(home.folder), str(ROOT)))
    assert home.run("sequences") == (130, "")
    assert home.errors == ""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"TOUCHLINE_TEMPORAL_ADDRESS": "127.0.0.1:1"}, "TOUCHLINE_DATABASE_URL must be set"),
        (
            {"TOUCHLINE_TEMPORAL_ADDRESS": "127.0.0.1:1", "TOUCHLINE_DATABASE_URL": "postgres://127.0.0.1:1/none"},
            "PostgreSQL cannot be used",
        ),
        ({"TOUCHLINE_SMTP_PORT": "0"}, "TOUCHLINE_SMTP_PORT: "),
    ],
)
def test_a_worker_without_its_services_ends_with_the_status_that_says_so(
    home: Home, settings: dict[str, str], said: str
) -> None:
    """As a command does: 3, and a line that names what is missing."""
    done = subprocess.run(
        [sys.executable, ROOT / "worker.py"], env=home.env | settings, text=True, stderr=subprocess.PIPE, check=False
    )
    assert done.returncode == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr
