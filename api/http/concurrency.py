"""How much of what is costly one key, one tenant and all of them may have under way at once, in this process."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from api.http.problems import Refusal
from store.workspace.api_keys import Owner

_AGAIN_IN_S = "10"


@dataclass
class Turns:
    """Those that are under way."""

    what: str
    of_key: int
    of_tenant: int
    in_all: int
    _taken: Counter[Hashable] = field(default_factory=Counter)

    @contextmanager
    def take(self, owner: Owner) -> Iterator[None]:
        """Have one under way. Raises Refusal (429) where there are as many as may be."""
        bounds = {
            ("key", owner.key_id): (self.of_key, "of this key"),
            ("tenant", owner.tenant_id): (self.of_tenant, "of this tenant"),
            "all": (self.in_all, "in all"),
        }
        for whose, (most, said) in bounds.items():
            if self._taken[whose] >= most:
                raise Refusal(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    f"{most} {self.what} {said} are under way",
                    hint="wait for one of them to end",
                    headers={"Retry-After": _AGAIN_IN_S},
                )
        self._taken.update(bounds.keys())
        try:
            yield
        finally:
            self._taken.subtract(bounds.keys())
            for whose in [whose for whose in bounds if not self._taken[whose]]:
                del self._taken[whose]
