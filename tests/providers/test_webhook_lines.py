"""How the posts of a worker are shared among tenants."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from providers.base import Later, Line
from providers.webhook import Lines

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


def taken(lines: Lines, tenant: UUID) -> list[Line]:
    """All that the tenant gets at once."""
    found: list[Line] = []
    while not isinstance(line := lines.get(tenant, 0.0), Later):
        found.append(line)
    return found


def test_a_tenant_leaves_as_many_as_it_takes() -> None:
    """However much one has to post, another one's next post goes at once; and so on by halves."""
    lines = Lines(40)
    assert [len(taken(lines, tenant)) for tenant in (B, A, C)] == [20, 10, 5]


def test_what_is_given_back_is_anybodys() -> None:
    """Each line is counted once, for whoever has it."""
    lines = Lines(8)
    for line in taken(lines, B):
        line.release()
    assert len(taken(lines, A)) == 4
    [*_, last] = taken(lines, B)
    last.release()
    assert not isinstance(lines.get(B, 0.0), Later)


def test_those_who_wait_ask_again_one_after_the_other() -> None:
    """Ten thousand that wait come back over a quarter of an hour, and another tenant's soon."""
    lines = Lines(4)
    taken(lines, B)
    again = [lines.get(B, 10.0) for _ in range(10_000)]
    times = [one.after for one in again if isinstance(one, Later)]
    assert len(times) == 10_000
    assert times == sorted(times)
    gaps = {round((later - sooner).total_seconds(), 6) for sooner, later in pairwise(times)}
    assert gaps == {0.1}
    assert timedelta(minutes=15) < times[-1] < timedelta(minutes=20)
    taken(lines, A)
    later = lines.get(A, 10.0)
    assert isinstance(later, Later)
    assert later.after == timedelta(seconds=5)
