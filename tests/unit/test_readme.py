"""The README says what the code does."""

from pathlib import Path

from settings import Settings

_README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_setting() -> None:
    """A setting that the table leaves out is a setting that nobody finds."""
    missing = [name.upper() for name in Settings.model_fields if f"`{name.upper()}`" not in _README]
    assert missing == []
