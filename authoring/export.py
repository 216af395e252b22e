"""A checked sequence as text again, in either form."""

import json
from typing import Any, Literal

import yaml

from authoring.check import Checked
from authoring.source import plain_scalar
from authoring.to_graph import to_graph
from authoring.to_steps import to_steps

_SHORT = 80

Form = Literal["graph", "yaml"]


def export(checked: Checked, form: Form) -> str:
    """A graph in JSON, or steps in YAML; either means the same as the file that was checked.

    Raises ValueError when that had errors, TooNested for a graph that a list of steps does not hold.
    """
    if checked.definition is None or checked.flow is None:
        raise ValueError("only a sequence without errors can be exported")
    if form == "graph":
        return json.dumps(to_graph(checked.definition, checked.flow), indent=2, ensure_ascii=False) + "\n"
    return as_yaml(to_steps(checked.definition, checked.flow))


def as_yaml(document: dict[str, Any]) -> str:
    """YAML as people write it: blocks for longer text, no aliases, quotes where a word would not be text."""
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=False
    )


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    style = None if plain_scalar(text) == text else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    """Words and numbers in one line, anything larger below each other."""
    short = all(isinstance(item, str | int | float) for item in items) and len(str(items)) < _SHORT
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=short)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
