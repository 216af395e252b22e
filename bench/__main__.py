"""`./touchline bench cost|throughput|enroll|inbound|api [--json]`."""

import asyncio
import json
import logging
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import telemetry
from bench import api as api_bench
from bench import cost as cost_bench
from bench import enroll as enroll_bench
from bench import inbound as inbound_bench
from bench import throughput as throughput_bench

app = typer.Typer(help="Benchmarks on throw-away servers; nothing of a running stack is touched.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


@app.command()
def cost(as_json: Json = False) -> None:
    """Count what a journey costs in Temporal, with decisions and without: events, activities, timers, Actions."""
    _show(asyncio.run(cost_bench.run()), as_json)


@app.command()
def throughput(
    as_json: Json = False,
    enrollments: Annotated[int, typer.Option("-n", help="Enrollments in each turn.")] = 500,
    turns: Annotated[int, typer.Option(help="Turns; medians are reported.")] = 3,
    in_memory: Annotated[bool, typer.Option("--in-memory", help="Temporal keeps its state in memory only.")] = False,
) -> None:
    """Measure enrollments per second against sending alone and against bookkeeping around every node."""
    _show(asyncio.run(throughput_bench.run(enrollments, turns, in_memory=in_memory)), as_json)


@app.command()
def enroll(
    as_json: Json = False,
    enrollments: Annotated[int, typer.Option("-n", help="Enrollments in all.")] = 5000,
    turns: Annotated[int, typer.Option(help="Turns; medians are reported.")] = 5,
) -> None:
    """Measure bulk enrollment against bare starts, memory per sleeping enrollment, and CPU to wake one."""
    _show(asyncio.run(enroll_bench.run(enrollments, turns)), as_json)


@app.command()
def inbound(
    as_json: Json = False,
    seconds: Annotated[int, typer.Option(min=1, help="Of load on each endpoint.")] = 30,
    rate: Annotated[int, typer.Option(min=1, help="Calls a second.")] = 50,
    jobs: Annotated[int, typer.Option(min=1, help="Message jobs that analytics counts.")] = 5_000_000,
) -> None:
    """Measure a signed webhook up to its committed stop and signal, beside a bare insert; and analytics."""
    _show(asyncio.run(inbound_bench.run(seconds, rate, jobs)), as_json)


@app.command()
def api(
    as_json: Json = False,
    enrollments: Annotated[
        int, typer.Option("-n", help="Enrollments that are listed, of five steps each.")
    ] = 1_000_000,
    batch: Annotated[int, typer.Option(help="Contacts of a batch, beside as many bare starts.")] = 20_000,
    backlog: Annotated[int, typer.Option(help="Contacts of the batch that a single enrollment meets.")] = 1000,
    clients: Annotated[int, typer.Option(help="Of the live stream, coming and leaving.")] = 1000,
) -> None:
    """Measure lists over a long history, memory under listeners, batches beside bare starts, fairness."""
    _show(asyncio.run(api_bench.run(enrollments, batch, backlog, clients)), as_json)


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(result))  # noqa: T201 - the command's output
        return
    rows = {name: value for name, value in result.items() if isinstance(value, dict)}
    console = Console()
    for columns, alike in groupby(rows, key=lambda name: list(rows[name])):
        table = Table("", *columns)
        for name in alike:
            table.add_row(name, *(str(rows[name][c]) for c in columns))
        console.print(table)
    for name, value in result.items():
        if name not in rows:
            console.print(f"{name}: {value}")


def main() -> None:
    """Run the command that the arguments name."""
    telemetry.configure("console", "error")
    logging.getLogger("temporalio").setLevel(logging.ERROR)
    app()


if __name__ == "__main__":
    main()
