"""`python -m content.optout.training.figures FILE.jsonl …`: how many opt-outs of labelled replies are heard.

A line has `text` and `label` (`opt_out` or `other`); `lang` and `channel` are for its readers, and change nothing.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from content.optout.training.phrases import Labelled
from content.optout.verdict import OptOutKind, judge

_LABELS = {"opt_out": True, "other": False}


class Figures(NamedTuple):
    """Shares: of opt-outs those suppressed, and those suppressed or held; of others those suppressed, those held."""

    barred: float
    caught: float
    wrongly_barred: float
    wrongly_held: float

    def __str__(self) -> str:
        return (
            f"opt-outs barred {self.barred:.3f}, barred or held {self.caught:.3f}; "
            f"others barred {self.wrongly_barred:.3f}, held {self.wrongly_held:.3f}"
        )


def read(path: Path) -> list[Labelled]:
    """The replies of a file, one JSON object a line. Raises ValueError naming the first line that is none."""
    replies = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            replies.append(Labelled(str(row["text"]), _LABELS[row["label"]]))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}:{number}: needs a text, and a label that is opt_out or other") from error
    return replies


def figures(replies: Iterable[Labelled]) -> tuple[Figures, str]:
    """How they are judged, and those that were neither suppressed rightly nor left alone, one a line."""
    judged = [(reply, judge(reply.text).kind) for reply in replies]
    count = Counter((reply.opt_out, kind) for reply, kind in judged)
    wishes = sum(reply.opt_out for reply, _ in judged)
    others = len(judged) - wishes
    barred, held = count[True, OptOutKind.OPT_OUT], count[True, OptOutKind.DOUBTFUL]
    report = "\n".join(
        f"{'opt_out' if reply.opt_out else 'other'} {kind}: {reply.text!r}"
        for reply, kind in judged
        if reply.opt_out != (kind is OptOutKind.OPT_OUT)
    )
    return Figures(
        barred / max(1, wishes),
        (barred + held) / max(1, wishes),
        count[False, OptOutKind.OPT_OUT] / max(1, others),
        count[False, OptOutKind.DOUBTFUL] / max(1, others),
    ), report


def main() -> None:
    """Print the figures of each file."""
    for name in sys.argv[1:]:
        try:
            replies = read(Path(name))
        except (OSError, ValueError) as error:
            sys.exit(str(error))
        wishes = sum(reply.opt_out for reply in replies)
        sys.stdout.write(f"{name}: {len(replies)} replies, {wishes} opt-outs: {figures(replies)[0]}\n")


if __name__ == "__main__":
    main()
