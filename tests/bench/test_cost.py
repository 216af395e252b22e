"""What an enrollment costs in Temporal, as the benchmark counts it."""

from pathlib import Path

from bench import cost_compile, cost_in_window

BENCH = Path(cost_in_window.__file__).parent
CASES = Path(__file__).parent.parent / "cases"


def test_the_benchmark_plays_cold_outreach_as_it_was_first_written() -> None:
    """With its own delays and its window."""
    assert (BENCH / "cold-outreach.yaml").read_text() == (CASES / "cold-outreach.yaml").read_text()


async def test_cold_outreachs_longest_way_costs_at_most_ten_actions() -> None:
    """Also when a window holds each of its messages; when none is held, it costs what three messages cost."""
    costs = await cost_in_window.run()
    assert costs["outreach"]["actions"] <= 10
    assert costs["outreach_unheld"]["actions"] == 6


def test_the_largest_graph_with_every_kind_of_node_compiles_within_a_second() -> None:
    """A second is what a flow builder's user may wait for on saving."""
    assert all(seconds <= 1 for seconds in cost_compile.run().values())
