"""The guide to the format is true: its examples are checked, and it leaves no key out."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from authoring.check import STEP_TYPES, check
from authoring.explain import keys_of
from content.merge_fields import KNOWN_FIELDS
from domain.action import ActionStep
from domain.condition import Comparison, EventTest, EventWord
from domain.definition import SequenceDefinition, Step, Variant, WindowSpec

GUIDE = (Path(__file__).parents[3] / "docs" / "sequences.md").read_text()
EXAMPLES = re.findall(r"^```yaml ?(\w*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
STEPS = "steps:\n  - {id: a, type: sms, body: x}\n"


@pytest.mark.parametrize(("kind", "text"), EXAMPLES, ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(EXAMPLES)])
def test_every_example_of_the_guide_checks(kind: str, text: str) -> None:
    """Whole files, settings and steps are sound; steps of later types lack nothing but support."""
    whole = {
        "": text,
        "settings": f"sequence: s\n{text}{STEPS}",
        "steps": f"sequence: s\nsteps:\n{indent(text, '  ')}",
        "later": f"sequence: s\nsteps:\n{indent(text, '  ')}",
    }[kind]
    messages = [found.message for found in check(whole).diagnostics]
    if kind == "later":
        assert messages
        assert all("is not supported yet" in message for message in messages)
    else:
        assert messages == []


def test_the_guide_has_examples_of_each_kind() -> None:
    """The extraction itself finds what it should."""
    assert {kind for kind, _ in EXAMPLES} == {"", "settings", "steps", "later"}


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
        WindowSpec,
        Variant,
        EventTest,
        Comparison,
        *_models(Step),
        *_models(ActionStep),
    ]
    words = {key for model in models for key in keys_of(model)}
    words |= {*STEP_TYPES, *get_args(EventWord), *KNOWN_FIELDS}
    named = set(
        re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL))))
    )
    assert words - named == set()
