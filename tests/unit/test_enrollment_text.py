"""What `show` says of a step's record."""

from cli.commands.enrollment_text import result_of


def test_a_long_answer_of_a_webhook_does_not_bury_the_rest() -> None:
    """One line of it, cut; what is short is said whole, and what has no value not at all."""
    said = result_of({"answer": "<html>\n" + "x" * 4000, "detail": "HTTP 200", "error": None})
    assert said.startswith("answer: <html> xxx")
    assert said.endswith("x…, detail: HTTP 200")
    assert len(said) < 300
