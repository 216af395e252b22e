"""`test` and `bench`: the checkout's own programs, with the caller's arguments."""

import os
import sys

import typer

from local.stack import CHECKOUT

_WHOLE_SUITE = ("-n", "3", "--dist", "worksteal")
"""In three processes, each with servers of its own: most tests wait for something, so two cores have work for three."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    passing_on = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": ["--help"]}
    app.command("test", context_settings=passing_on, epilog="Example: ./touchline test tests/unit -k window")(run_tests)
    app.command("bench", context_settings={**passing_on, "help_option_names": []}, add_help_option=False)(run_bench)


def run_tests(context: typer.Context) -> None:
    """Run the test suite, several tests at once; arguments go to pytest instead (-h shows its own)."""
    os.chdir(CHECKOUT)
    _become("pytest", context.args or [*_WHOLE_SUITE])


def run_bench(context: typer.Context) -> None:
    """Run a benchmark (./touchline bench --help lists them). Example: ./touchline bench cost --json."""
    _become("bench", context.args)


def _become(module: str, arguments: list[str]) -> None:
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - our own interpreter, no shell
