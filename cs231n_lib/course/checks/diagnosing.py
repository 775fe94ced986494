"""Name the mistake that explains all the answers of a function.

The dials of a reference are tried one by one, then in pairs; a mistake is named only if it
reproduces the student's results in every regime, also in those where it does no harm.
"""

from itertools import combinations
from typing import Any

import numpy as np

from cs231n_lib.course.checks.comparison import relative_error
from cs231n_lib.course.checks.mistakes import GENERAL, Mistake
from cs231n_lib.course.checks.reference import Answer, Reference
from cs231n_lib.course.checks.verdict import CheckFailed, Diagnosis

#: What a function answered, and to which arguments.
Trial = tuple[Answer, tuple[Any, ...]]


def diagnose(
    reference: Reference, trials: list[Trial], parts: tuple[str, ...], pairs: bool = True
) -> Diagnosis | None:
    """Return the only mistake, or pair of them, whose imitation agrees with all the answers."""
    tried = [(*trial, reference.shelf(trial[1]), reference.allowed(trial[1])) for trial in trials]

    def agrees(*mistakes: Mistake) -> bool:
        return all(
            reference.agree(answer, mistakes, args, parts, shelf, allowed)
            for answer, args, shelf, allowed in tried
        )

    if not any(_evidence(answer, parts) for answer, _ in trials):
        return None
    singles = {m.id: m.diagnosis for m in reversed(reference.mistakes) if agrees(m)}
    if singles:
        return next(iter(singles.values())) if len(singles) == 1 else None
    scaled = _scaled(reference, trials, parts)
    if scaled is not None:
        return scaled
    if not pairs or all(_says_little(answer, parts) for answer, _ in trials):
        return None
    both = {
        f"{one.id}+{two.id}": f"{one.sentence} And: {two.sentence}"
        for one, two in combinations(reference.mistakes, 2)
        if one.id != two.id and not set(one.dials) & set(two.dials) and agrees(one, two)
    }
    return Diagnosis(*next(iter(both.items()))) if len(both) == 1 else None


def _scaled(reference: Reference, trials: list[Trial], parts: tuple[str, ...]) -> Diagnosis | None:
    """Recognise the right result times a factor: -1, or one of the exercise's own."""
    signs = {"sign": (GENERAL["sign"], lambda *args: -1.0)}
    for name, (sentence, factor) in {**signs, **reference.factors}.items():
        for part in parts:
            if all(_times(reference, answer, part, factor, args) for answer, args in trials):
                return Diagnosis(name, sentence)
    return None


def _times(
    reference: Reference, answer: Answer, part: str, factor: Any, args: tuple[Any, ...]
) -> bool:
    right = reference.expected(args)
    if isinstance(answer, CheckFailed) or right is None:
        return False
    return relative_error(answer[part], np.asarray(right[part]) * factor(*args)) < 1e-3


def _says_little(answer: Answer, parts: tuple[str, ...]) -> bool:
    """Whether ``answer`` is nothing but zeros, which many pairs of mistakes would give."""
    return isinstance(answer, CheckFailed) or not any(np.any(answer[part]) for part in parts)


def _evidence(answer: Answer, parts: tuple[str, ...]) -> bool:
    """Whether ``answer`` holds a number, or nothing: NaNs and exceptions tell little apart."""
    if isinstance(answer, CheckFailed):
        return False
    for part in parts:
        try:
            values = np.asarray(answer[part], dtype=np.float64)
            if values.size == 0 or np.any(np.isfinite(values)):
                return True
        except (TypeError, ValueError):
            continue
    return False
