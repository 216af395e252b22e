"""What the API promises: fast lists over a long history, a stream that leaks nothing, batches, fairness."""

from bench.fairness import batch_ratio_to_bare, enrollments_after_kills, fairness_delay_s
from bench.lists import list_p99_ms
from bench.live import run as live


async def run(enrollments: int, batch: int, backlog: int, clients: int) -> dict[str, object]:
    """`list_p99_ms`: of each list, at 20 requests a second; the rest: see `bench.fairness`."""
    return {
        "list_p99_ms": await list_p99_ms(enrollments),
        **await live(clients),
        "batch_ratio_to_bare": await batch_ratio_to_bare(batch),
        "batch_after_kills": await enrollments_after_kills(batch),
        "fairness_delay_s": await fairness_delay_s(backlog),
    }
