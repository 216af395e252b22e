"""The JSON Schema of the format, for editors: `python -m authoring.schema > schema/sequence.schema.json`.

It describes shape, short forms included. What steps mean to each other only `check` knows.
"""

import json
import sys
from typing import Any

from pydantic import TypeAdapter

from authoring.language.definition import GraphDefinition, SequenceDefinition


def json_schema() -> dict[str, Any]:
    """A schema of sequences in either form."""
    schema = TypeAdapter(SequenceDefinition | GraphDefinition).json_schema(by_alias=True, mode="validation")
    definitions = schema["$defs"]
    graph = definitions["GraphDefinition"]
    # A graph names its triggers in a node, and itself by `sequence` or `id`.
    del graph["properties"]["trigger"]
    graph["properties"]["id"] = graph["properties"]["sequence"]
    graph["required"].remove("sequence")
    graph["anyOf"] = [{"required": ["sequence"]}, {"required": ["id"]}]
    for definition in definitions.values():
        _quieten(definition)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Touchline sequence",
        "if": {"required": ["nodes"]},
        "then": {"$ref": "#/$defs/GraphDefinition"},
        "else": {"$ref": "#/$defs/SequenceDefinition"},
        "$defs": definitions,
    }


def text() -> str:
    """The schema as the file in the repository holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _quieten(definition: Any) -> None:
    """Leave out what helps no author: generated titles, and the defaults of keys that may be left out."""
    if isinstance(definition, dict):
        for key in ("title", "default"):
            if not isinstance(definition.get(key), dict):
                definition.pop(key, None)
        for value in definition.values():
            _quieten(value)
    elif isinstance(definition, list):
        for value in definition:
            _quieten(value)


if __name__ == "__main__":
    sys.stdout.write(text())
