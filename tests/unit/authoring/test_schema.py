"""The schema for editors: as the models say, and neither stricter nor blind."""

import json
import re
from pathlib import Path
from textwrap import indent
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from authoring import schema
from authoring.check import check
from authoring.source import read
from tests.unit.authoring.sequences import graph_documents, step_documents

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "schema" / "sequence.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(KEPT.read_text()))
FILES = sorted([*(ROOT / "tests" / "cases").glob("*.yaml"), *(ROOT / "tests" / "cases").glob("*.json")])
GUIDE = (ROOT / "docs/reference/sequences.md").read_text()
STEPS = re.findall(r"^```yaml steps\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
WHOLE = re.findall(r"^```(?:yaml|json)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
SETTINGS = re.findall(r"^```yaml settings\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
TEXTS = [
    *(file.read_text() for file in FILES),
    *WHOLE,
    *(f"sequence: s\nsteps:\n{indent(text, '  ')}" for text in STEPS),
    *(f"sequence: s\n{text}steps: [{{id: a, type: sms, body: x}}]\n" for text in SETTINGS),
]


def faults(document: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_the_kept_schema_is_that_of_the_models() -> None:
    """Made anew by `python -m authoring.schema > schema/sequence.schema.json`."""
    assert KEPT.read_text() == schema.text()
    jsonschema.Draft202012Validator.check_schema(json.loads(KEPT.read_text()))


@pytest.mark.parametrize("text", TEXTS, ids=[text.strip().splitlines()[0][:40] for text in TEXTS])
def test_every_sample_and_example_fits_the_schema(text: str) -> None:
    """Short forms as well as long ones: an editor must not mark what `check` accepts."""
    root = read(text).root
    assert root is not None
    assert faults(root.plain()) == []


@pytest.mark.parametrize(
    "steps",
    [
        [{"id": "a", "type": "sms"}],
        [{"id": "a", "type": "sms", "body": "x", "boddy": "y"}],
        [{"id": "a", "type": "smss", "body": "x"}],
        [{"type": "delay", "days": "3"}],
        [{"id": "a", "type": "condition", "if": {"field": "x", "equals": 1}}],
        [{"id": "a", "type": "condition", "if": "replyed"}],
        [{"id": "a", "type": "wait_for", "event": "reply", "timeout": "soon"}],
        [{"id": "a", "type": "split", "variants": [{"id": "x"}]}],
        [{"id": "a", "type": "condition", "if": "replied", "then": [{"type": "exit", "why": "x"}]}],
        [],
    ],
)
def test_a_fault_of_shape_does_not_fit_the_schema(steps: list[Any]) -> None:
    """Nor does `check` accept it."""
    document = {"sequence": "s", "steps": steps}
    assert faults(document)
    assert not check(json.dumps(document)).ok


@settings(max_examples=60)
@given(step_documents(), graph_documents())
def test_what_check_accepts_fits_the_schema(steps: dict[str, Any], graph: dict[str, Any]) -> None:
    """Over generated sequences of every step type, and graphs; and so does what is stored of them."""
    for document in (steps, graph):
        checked = check(json.dumps(document))
        if checked.ok:
            assert checked.definition is not None
            assert faults(document) == []
            assert faults(checked.definition.document()) == []
