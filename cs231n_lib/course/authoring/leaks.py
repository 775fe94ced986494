"""Search what students are told for what they must not know: the inputs that a test hides."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from cs231n_lib.course.assignment.master import Master, Test, defined_names
from cs231n_lib.course.authoring import trial
from cs231n_lib.course.authoring.samples import Sample

#: A number as a message has it; of short ones too many are met by chance.
NUMBER = re.compile(r"-?(\d+)\.(\d+)(?:e([-+]?\d+))?")
DIGITS = 4


def leaks(
    master: Master, exercise: str, samples: Iterable[Sample], seed: int = 1
) -> Iterator[tuple[str, str]]:
    """Yield test and sample whose message tells a number of the test's hidden inputs or results.

    Parameters
    ----------
    master : Master
        The assignment.
    exercise : str
        The answer whose tests are looked at.
    samples : iterable of Sample
        What fails them.
    seed : int
        What the tests draw from.
    """
    tried = list(samples)
    for test in trial.tests_of(master, exercise):
        if test.hidden_lines():
            hidden = _met(master, exercise, test, seed)
            hidden = hidden[~np.isin(hidden, _met(master, exercise, test.visible(), seed))]
            for sample in tried:
                names = trial.names_with(master, {exercise: sample.code})
                (found,) = trial.run(master, [test], names, seed)
                if not found.passed and told(found.text, hidden):
                    yield test.name, sample.name


def told(text: str, secret: np.ndarray) -> bool:
    """Whether ``text`` has a number that, as far as it is written, is one of the ``secret``.

    Examples
    --------
    >>> told("expected 0.6931, found 1.0", np.array([0.69314718]))
    True
    >>> told("relative error 6.9e-01", np.array([0.69314718]))
    False
    """
    for match in NUMBER.finditer(text):
        whole, fraction, exponent = match[1], match[2], int(match[3] or 0)
        if len((whole + fraction).lstrip("0")) >= DIGITS:
            precision = 0.51 * 10.0 ** (exponent - len(fraction))
            if np.any(np.abs(secret - float(match[0])) <= precision):
                return True
    return False


def _met(master: Master, exercise: str, test: Test, seed: int) -> np.ndarray:
    """Return the numbers that the model answer takes and gives while ``test`` runs."""
    names = trial.names_with(master, {})
    seen: list[np.ndarray] = []
    for name in defined_names(master.answers[exercise].source):
        if callable(names.get(name)):
            names[name] = _watched(names[name], seen)
    trial.run(master, [test], names, seed)
    return np.concatenate([np.zeros(0), *seen])


def _watched(function: Callable[..., Any], seen: list[np.ndarray]) -> Callable[..., Any]:
    def watched(*args: Any, **kwargs: Any) -> Any:
        seen.extend(_numbers((args, kwargs)))
        result = function(*args, **kwargs)
        seen.extend(_numbers(result))
        return result

    return watched


def _numbers(value: Any) -> Iterator[np.ndarray]:
    """Yield the numbers in ``value``, less whole ones, which every message may have."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _numbers(item)
        return
    try:
        numbers = np.asarray(value, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        return
    yield numbers[np.isfinite(numbers) & (numbers != np.round(numbers))]
