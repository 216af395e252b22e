"""The description of the API as a file: `python -m api.openapi > docs/openapi.json`."""

import json
import sys

from api.app import description


def document() -> str:
    """JSON text, byte for byte equal while the API is: keys in the order in which the application gives them."""
    return json.dumps(description(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
