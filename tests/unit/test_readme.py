"""The README says what the code does."""

import re
from pathlib import Path

from cli.app import app
from settings import Settings

_README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_setting() -> None:
    """A setting that the table leaves out is a setting that nobody finds."""
    missing = [name.upper() for name in Settings.model_fields if f"`{name.upper()}`" not in _README]
    assert missing == []


def test_the_readme_names_every_command() -> None:
    """A command that the table leaves out is a command that nobody finds; of a group, each of its own."""
    names = [info.name or info.callback.__name__ for info in app.registered_commands if info.callback]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        names += [f"{group.name} {info.name}" for info in group.typer_instance.registered_commands]
    table = [set(re.findall(r"[a-z-]+", cells)) for cells in re.findall(r"^\| (`.+`) \|", _README, re.MULTILINE)]
    assert [name for name in names if not any(set(name.split()) <= words for words in table)] == []
