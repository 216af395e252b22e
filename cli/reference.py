"""The pages of commands and settings, made from the code: `python -m cli.reference`."""

import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from cli.app import app
from cli.terminal.command import EXIT_CODES
from settings import PREFIX, Settings

PAGES = Path(__file__).resolve().parents[1] / "docs/reference"


def commands_page() -> str:
    """Every command with its purpose, arguments, options and examples, in Markdown."""
    lines = [
        "# Commands",
        "",
        "Made by `python -m cli.reference`; each command says the same by `--help`.",
        "",
        f"{EXIT_CODES} Each command takes `--json`: one JSON document on stdout, and nothing else.",
        "",
    ]
    root = typer.main.get_command(app)
    for name, command in _commands(root):
        lines += [f"## {name}", "", *_described(command), ""]
        rows = [row for parameter in command.params if (row := _parameter(parameter))]
        if rows:
            lines += ["| argument or option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def settings_page() -> str:
    """Every setting with its variable, values, default and meaning, in Markdown."""
    lines = [
        "# Settings",
        "",
        "Made by `python -m cli.reference`. Settings come from the environment, then from `.env` in the checkout",
        "(`TOUCHLINE_ENV_FILE` names another file). `.env.example` has them all.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        meaning = _cell(field.description or "")
        values = get_args(field.annotation)
        if values and all(isinstance(one, str) for one in values):
            meaning = f"{', '.join(f'`{one}`' for one in values)}. {meaning}"
        lines.append(f"| `{PREFIX}{name.upper()}` | {_default(field)} | {meaning} |")
    return "\n".join([*lines, ""])


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command below, in the order in which help lists them; Typer names no public type for them."""
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path), command
        return
    for name, child in children.items():
        yield from _commands(child, (*path, name))


def _described(command: Any) -> list[str]:
    text = inspect.cleandoc(command.help or "").replace("\b", "").replace("\f", "")
    return [line.rstrip() for line in text.splitlines()]


def _parameter(parameter: Any) -> str | None:
    if parameter.name in ("as_json", "help"):
        return None
    spelled = ", ".join((*parameter.opts, *parameter.secondary_opts))
    metavar = parameter.metavar or str(parameter.name).upper()
    if parameter.param_type_name == "argument":
        shown = metavar
    else:
        shown = spelled if parameter.is_flag else f"{spelled} {metavar}"
    said = getattr(parameter, "help", None) or ""
    return f"| `{_cell(shown)}` | {_cell(said)} |"


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "":
        return ""
    if isinstance(value, Path):
        value = os.path.relpath(value, PAGES.parents[1])
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    (PAGES / "commands.md").write_text(commands_page(), "utf-8")
    (PAGES / "settings.md").write_text(settings_page(), "utf-8")
