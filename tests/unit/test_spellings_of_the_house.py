"""One spelling for what is done everywhere, where no linter knows the rule."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("starter", "api", "cli", "simulation", "bench")


def _transactions_of_an_engine(source: str) -> Iterator[int]:
    """Lines of `engine.database.transaction(engine.tenant_id)`, whatever has the engine."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "transaction"
            and isinstance(node.func.value, ast.Attribute)
            and node.func.value.attr == "database"
            and ast.unparse(node.func.value.value).endswith("engine")
            and any(ast.unparse(one) == f"{ast.unparse(node.func.value.value)}.tenant_id" for one in node.args)
        ):
            yield node.lineno


@pytest.mark.parametrize("room", ROOMS)
def test_a_tenants_transaction_is_the_engines(room: str) -> None:
    """`engine.transaction()`: whoever spells it out may name another tenant than the engine's."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line in _transactions_of_an_engine(path.read_text("utf-8"))
        if path.name != "engine.py"
    ]
    assert found == []


def test_the_rule_sees_an_offence() -> None:
    """Written over several lines as well."""
    source = "async with self.engine.database.transaction(\n    self.engine.tenant_id, lock_enrollment=x\n) as tx: ..."
    assert list(_transactions_of_an_engine(f"async def f(self):\n    {source}")) == [2]


_LEANS = re.compile(r'"""(The same\b|Likewise\b|Ditto\b)|^-- The same\b', re.MULTILINE)
_OTHERS = ("activities", "authoring", "content", "domain", "local", "providers", "scheduling", "store", "workflows")


@pytest.mark.parametrize("room", [*ROOMS, *_OTHERS, "schema/queries"])
def test_a_description_can_be_read_alone(room: str) -> None:
    """An editor shows it without its neighbour, and files move."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in sorted([*(ROOT / room).rglob("*.py"), *(ROOT / room).rglob("*.sql")])
        for match in _LEANS.finditer(path.read_text("utf-8"))
    ]
    assert found == []


_RETIRED = {
    "suppress": re.compile(r"\b(barred|bars (the|its|an) address)\b", re.IGNORECASE),
    "fix": re.compile(r"\bmend(s|ed|ing)?\b", re.IGNORECASE),
    "retry": re.compile(r"\btaken up again\b", re.IGNORECASE),
    "the tenant's own system": re.compile(r"\bsomebody's own system\b", re.IGNORECASE),
    "defer": re.compile(r"\bputs? off\b", re.IGNORECASE),
}
"""The field's word, and the one that stood for it."""


def _prose(source: str) -> Iterator[tuple[int, str]]:
    """Comments and docstrings, with their lines."""
    before = tokenize.INDENT
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        begins = before in (tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and begins):
            yield token.start[0], token.string
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING):
            before = token.type


def _retired(source: str) -> Iterator[str]:
    for line, text in _prose(source):
        yield from (f"{line}: {found[0]} → {word}" for word, old in _RETIRED.items() for found in old.finditer(text))


@pytest.mark.parametrize("room", [*ROOMS, *_OTHERS])
def test_prose_has_one_word_for_one_thing(room: str) -> None:
    """The field's: who reads one file finds the next by the words of the first."""
    found = [
        f"{path}:{one}" for path in sorted((ROOT / room).rglob("*.py")) for one in _retired(path.read_text("utf-8"))
    ]
    assert found == []


def test_a_retired_word_is_seen() -> None:
    """In comments and docstrings, not in what is said to users."""
    source = '"""It is barred."""\n\n\ndef f() -> str:\n    return "barred"  # to be mended\n'
    assert list(_retired(source)) == ["1: barred → suppress", "5: mended → fix"]
