"""`python -m content.optout.training`: make the weights of the scorer from the phrases. Takes a minute."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from content.optout import scorer
from content.optout.training import phrases
from content.optout.verdict import scored

_RAREST = 4
"""A feature of fewer messages says more about them than about opt-outs."""
_FEATURES = 24_000
"""Keeps the file readable, and below 300 kB."""
_PENALTY = 3.0
"""Of the squares of the weights; more of it trusts single words less."""
_SCALE = 100


def main() -> None:
    """Write weights.txt beside the scorer."""
    told = list(phrases.labelled())
    seen = [scorer.features(_whole(message.text)) for message in told]
    truth = np.array([message.opt_out for message in told], dtype=float)
    often = Counter(feature for found in seen for feature in found)
    names = sorted(feature for feature, times in often.items() if times >= _RAREST)
    weights = _fit(seen, truth, names)
    worth = {name: abs(weight) * often[name] ** 0.5 for name, weight in zip(names, weights, strict=False)}
    names = sorted(sorted(names, key=lambda name: (-worth[name], name))[:_FEATURES])
    weights = _fit(seen, truth, names)
    points = {name: round(weight * _SCALE) for name, weight in zip([*names, scorer.BIAS], weights, strict=True)}
    lines = [f"{name}\t{points[name]}" for name in sorted(points) if points[name]]
    head = [
        "# How much each feature of a message speaks for an opt-out: log-odds times 100 (see scorer.py).",
        "# Made by `python -m content.optout.training`; not to be edited.",
        f"# phrases {phrases.digest()}, {len(told)} messages",
    ]
    path = Path(scorer.__file__).with_name(scorer.WEIGHTS)
    path.write_text("\n".join([*head, *lines]) + "\n", "utf-8")
    sys.stdout.write(f"{len(lines)} weights of {len(told)} messages, {path.stat().st_size} bytes\n")


def _whole(text: str) -> tuple[str, ...]:
    """The message as one part, as short ones are judged."""
    return next(scorer.windows(scored(text)), ())


def _fit(seen: Sequence[set[str]], truth: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.float64]:
    """Logistic regression with a penalty on the squares; the last weight is the bias. Both labels weigh the same."""
    number = {name: at for at, name in enumerate(names)}
    rows = [sorted(number[feature] for feature in found if feature in number) for found in seen]
    ends = np.cumsum([0, *map(len, rows)])
    at = np.concatenate([np.array(row, dtype=int) for row in rows])
    table = csr_matrix((np.ones(len(at)), at, ends), shape=(len(rows), len(names)))
    share = np.where(truth == 1, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = table @ weights[:-1] + weights[-1]
        missed = share * (1 / (1 + np.exp(-odds)) - truth)
        slope = np.append(table.T @ missed + _PENALTY * weights[:-1], missed.sum())
        fit = share * (np.logaddexp(0, odds) - truth * odds)
        return float(fit.sum() + _PENALTY / 2 * (weights[:-1] ** 2).sum()), slope

    found: NDArray[np.float64] = minimize(
        loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300}
    ).x
    return found


main()
