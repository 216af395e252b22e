"""`test` and `bench`: the checkout's own programs, with the caller's arguments."""

import os
import sys
from pathlib import Path

import typer

CHECKOUT = Path(__file__).resolve().parents[2]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    passing_on = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": ["--help"]}
    app.command("test", context_settings=passing_on, epilog="Example: ./touchline test tests/unit -k window")(run_tests)
    app.command("bench", context_settings={**passing_on, "help_option_names": []}, add_help_option=False)(run_bench)


def run_tests(context: typer.Context) -> None:
    """Run the test suite; every argument goes to pytest (-h shows its own), as does its exit status."""
    os.chdir(CHECKOUT)
    _become("pytest", context.args)


def run_bench(context: typer.Context) -> None:
    """Run a benchmark (./touchline bench --help lists them). Example: ./touchline bench cost --json."""
    _become("bench", context.args)


def _become(module: str, arguments: list[str]) -> None:
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - our own interpreter, no shell
