"""Whoever calls the API is told what to do there: hints name no command, which only the command line adds."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.api.conftest import Api

ROOT = Path(__file__).resolve().parents[3]
_NAMED = {"api/http/auth.py", "api/http/description.py", "store/pool.py"}
"""How a tenant's first key is made, and what a process that does not start says to whoever starts it."""
_ROOMS = ("api", "starter", "store", "activities", "authoring", "workflows", "providers", "content", "domain")
_MISSING = UUID(int=7)


def _modules() -> list[Path]:
    """All of ours that the application has."""
    told = "import sys, api.app; [print(m.__file__) for m in [*sys.modules.values()] if getattr(m, '__file__', None)]"
    names = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = (Path(name) for name in names.splitlines())
    return [path for path in paths if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in _ROOMS]


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_nothing_that_the_application_says_names_a_command() -> None:
    """No text of any module that it has, docstrings apart."""
    modules = _modules()
    assert len(modules) > 150
    found = []
    for path in modules:
        tree = ast.parse(path.read_text())
        said = [text for text in _texts(tree) if "./touchline" in text and text not in _docstrings(tree)]
        found += [f"{path.relative_to(ROOT)}: {text}" for text in said if str(path.relative_to(ROOT)) not in _NAMED]
    assert found == []


def _docstrings(tree: ast.AST) -> set[str | None]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, kinds)}


@pytest.mark.parametrize(
    ("method", "path", "body", "hint"),
    [
        ("GET", "/campaigns/none", None, "list the campaigns to find it"),
        ("GET", f"/batches/{_MISSING}", None, "list the batches to find it"),
        ("GET", f"/webhook-subscriptions/{_MISSING}", None, "list the subscriptions to find it"),
        ("POST", f"/enrollments/{_MISSING}/pause", None, "list the enrollments to find it"),
        ("POST", f"/tasks/{_MISSING}/complete", None, "list the tasks to find it"),
        ("DELETE", f"/keys/{_MISSING}", None, "list the keys to find it"),
        (
            "POST",
            "/contacts/none/events",
            {"name": "paid"},
            "name contacts by their external ids, or by our ids; a file of contacts",
        ),
    ],
)
async def test_what_is_missing_is_found_by_words_of_the_api(
    api: Api, method: str, path: str, body: dict[str, object] | None, hint: str
) -> None:
    """In the hint of a 404."""
    answer = await api.http.request(method, path, json=body, headers=await api.key("read", "write", "admin"))
    assert (answer.status_code, answer.json()["hint"].startswith(hint)) == (404, True), answer.text


async def test_a_key_that_will_not_do_is_told_what_will(api: Api) -> None:
    """401 and 403 name the operations about keys."""
    refused = await api.http.get("/contacts", headers={"Authorization": "Bearer tl_wrong"})
    assert (refused.status_code, "GET /keys" in refused.json()["hint"]) == (401, True)
    poor = await api.http.get("/keys", headers=await api.key("read"))
    assert (poor.status_code, 'POST /keys makes one with "scopes": ["admin"]' in poor.json()["hint"]) == (403, True)
