"""Text that a request may hold: bounded, not blank, and such as PostgreSQL can keep."""

from typing import Annotated

from pydantic import StringConstraints

Line = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$", max_length=200)
]
"""One line of up to 200 characters."""
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", max_length=4000)]
"""Lines of up to 4,000 characters in all."""
