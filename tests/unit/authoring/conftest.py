"""The language is tested whole; what this release does not run yet is refused by one rule, which has its own test."""

from collections.abc import Iterator

import pytest

from authoring import runnable

RELEASED = runnable.NOT_RUN_YET


@pytest.fixture(autouse=True, scope="module")
def everything_runs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runnable, "NOT_RUN_YET", frozenset[str]())
        yield


@pytest.fixture
def as_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runnable, "NOT_RUN_YET", RELEASED)
