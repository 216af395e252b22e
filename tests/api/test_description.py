"""The description that is committed, and what programs may rely on in it."""

import difflib
from pathlib import Path

from api import openapi
from api.app import description
from api.http.problems import types

KEPT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"

TYPES = {
    "urn:problem-type:touchline:bad-request": 400,
    "urn:problem-type:touchline:unauthorized": 401,
    "urn:problem-type:touchline:forbidden": 403,
    "urn:problem-type:touchline:not-found": 404,
    "urn:problem-type:touchline:method-not-allowed": 405,
    "urn:problem-type:touchline:request-timeout": 408,
    "urn:problem-type:touchline:conflict": 409,
    "urn:problem-type:touchline:precondition-failed": 412,
    "urn:problem-type:touchline:content-too-large": 413,
    "urn:problem-type:touchline:unsupported-media-type": 415,
    "urn:problem-type:touchline:unprocessable-content": 422,
    "urn:problem-type:touchline:precondition-required": 428,
    "urn:problem-type:touchline:too-many-requests": 429,
    "urn:problem-type:touchline:internal-error": 500,
    "urn:problem-type:touchline:service-unavailable": 503,
}
"""Published: an entry is added, never changed or taken away."""


def test_the_committed_description_is_the_applications() -> None:
    """Made anew by `python -m api.openapi > docs/openapi.json`."""
    kept, made = KEPT.read_text().splitlines(), openapi.document().splitlines()
    assert "\n".join(difflib.unified_diff(kept, made, "committed", "made", lineterm="", n=1)) == ""


def test_the_types_of_errors_are_stable_and_described() -> None:
    """Programs rely on them; each has its line in the introduction and is named by the model."""
    assert types() == TYPES
    document = description()
    for kind, status in TYPES.items():
        assert f"| {status} | `{kind}` |" in document["info"]["description"]
    assert document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"] == list(TYPES)


def test_every_operation_says_what_it_does_and_what_may_go_wrong() -> None:
    """A summary of its own, a description, and for those that take a key 401, 403 and 429."""
    summaries = []
    for path, operations in description()["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            summaries.append(operation["summary"])
            assert operation.get("description", "").strip(), name
            if operation.get("security"):
                assert {"401", "403", "429"} <= set(operation["responses"]), name
    assert len(summaries) == len(set(summaries))
