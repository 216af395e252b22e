"""The guide to the format is true: its examples are checked, and it leaves no key out."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from authoring.check import check
from authoring.explain import keys_of
from authoring.language.definition import GraphDefinition, SequenceDefinition
from authoring.language.delay_step import DateOf
from authoring.language.expectation import Case, CaseContact, CaseEvent, CaseReply, Expected, ExpectedMessage
from authoring.language.graph import NODE_TYPES, GraphEdge, GraphNode
from authoring.language.steps import Step, Variant
from authoring.language.window_spec import WindowSpec
from authoring.placed import MESSAGES
from authoring.shapes import STEP_TYPES
from content.merge_fields import KNOWN_FIELDS
from domain.action import ActionStep
from domain.brake import Brake
from domain.condition import Comparison, EventTest, EventWord

GUIDE = (Path(__file__).parents[3] / "docs/reference/sequences.md").read_text()
EXAMPLES = re.findall(r"^```(yaml|json) ?(\w*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
STEPS = "steps:\n  - {id: a, type: sms, body: x}\n"


@pytest.mark.parametrize(("language", "kind", "text"), EXAMPLES, ids=[f"{n}-{e[1]}" for n, e in enumerate(EXAMPLES)])
def test_every_example_of_the_guide_checks(language: str, kind: str, text: str) -> None:
    """Whole files, settings and steps are sound, to the last warning."""
    whole = {
        "": text,
        "settings": f"sequence: s\n{text}{STEPS}",
        "steps": f"sequence: s\nsteps:\n{indent(text, '  ')}",
    }[kind]
    checked = check(whole)
    silent = kind == "steps" and not any(f"type: {message}" in text for message in MESSAGES)
    assert [found.message for found in checked.diagnostics] == (["no step sends a message"] if silent else [])
    assert isinstance(checked.definition, GraphDefinition if language == "json" else SequenceDefinition)


def test_the_guide_has_examples_of_each_kind_and_of_each_step_type() -> None:
    """The extraction itself finds what it should."""
    assert {kind for _, kind, _ in EXAMPLES} == {"", "settings", "steps"}
    assert {language for language, _, _ in EXAMPLES} == {"yaml", "json"}
    shown = " ".join(text for _, _, text in EXAMPLES)
    assert [kind for kind in STEP_TYPES if f"type: {kind}" not in shown] == []


def _models(union: Any) -> Iterator[type[BaseModel]]:
    for member in get_args(union):
        if isinstance(member, type) and issubclass(member, BaseModel):
            yield member
        else:
            yield from _models(member)


def test_the_guide_names_every_key_and_word() -> None:
    """A key that is added to the format is added to the guide."""
    models: list[type[BaseModel]] = [
        SequenceDefinition,
        GraphNode,
        GraphEdge,
        DateOf,
        WindowSpec,
        Brake,
        Variant,
        EventTest,
        Comparison,
        *(Case, CaseContact, CaseReply, CaseEvent, Expected, ExpectedMessage),
        *_models(Step),
        *_models(ActionStep),
    ]
    words = {key for model in models for key in keys_of(model)}
    words |= {*STEP_TYPES, *NODE_TYPES, *get_args(EventWord), *KNOWN_FIELDS}
    named = set(
        re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL))))
    )
    assert words - named == set()
