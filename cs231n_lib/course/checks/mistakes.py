"""Mistakes by name: those that fit every exercise, and what one of an exercise's own is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cs231n_lib.course.checks.verdict import Diagnosis

GENERAL = {
    "no_return": "the function returns None; is `return` missing?",
    "shape": "the result has the wrong shape.",
    "tuple_of_one": "a comma behind a value makes a tuple of it, as in `return dists,`: delete the "
    "comma.",
    "generator": "the function returns a generator, which has computed nothing yet: write `return` "
    "where `yield` is, or a list in square brackets where one in round brackets is.",
    "coroutine": "`async def` makes a function that has not run yet when it returns: write `def`.",
    "other_axis": "there is one value for each entry along the other axis: of a matrix, axis=1 "
    "goes along a row and leaves a value for each row, axis=0 a value for each column.",
    "whole_numbers": "these are whole numbers where the right ones have fractions: an array of "
    "integers (`dtype=int`, or `zeros_like` of one) cuts them off, `//` too; or are they indices, "
    "as argmax gives them, in place of values?",
    "transposed": "the result is transposed: rows and columns are swapped.",
    "nan": "there are NaNs or infinities where the right result is finite.",
    "zeros": "the result is 0 everywhere: was it ever filled, or is all of it cut off at 0?",
    "sign": "the result is the right one with the opposite sign.",
    "kind": "text, complex numbers and objects are no results, whatever they stand for.",
    "dtype": "float32 inputs should give a float32 result; an array created without `dtype=` "
    "is float64.",
    "input_changed": "an argument was changed in place, as `x -= 1`, `x[0] = 1` and `x.sort()` do; "
    "work on a copy: the caller needs it as it was, and so may the lines that follow.",
    "read_only": "the result cannot be written to: it is a view; return a copy.",
    "not_an_ndarray": "return a plain ndarray: for an np.matrix, `*` is the matrix product and "
    "sums keep two axes, so that other functions fail on it.",
    "not_vectorised": "the number of Python steps grows with the data: a Python loop (also "
    "one hidden in a comprehension, `map` or `np.vectorize`) is at work.",
    "only_uncounted": "the function does something else while its steps are counted; it has to "
    "compute its result in every call alike, without a look at who calls, when or how.",
}

#: What a gradient means that is off by as much as numerical differentiation is.
NUMERICAL = Diagnosis(
    "numerical_gradient",
    "the gradient is near the right one but not exact: it looks like numerical differentiation. "
    "Derive it by hand.",
)


@dataclass(frozen=True)
class Mistake:
    """A known mistake: its name, a sentence about it, and the dials that reproduce it."""

    id: str
    sentence: str
    dials: Mapping[str, Any]

    @property
    def diagnosis(self) -> Diagnosis:
        """What the author of the mistake is told."""
        return Diagnosis(self.id, self.sentence)


def general(name: str) -> Diagnosis:
    """Return the diagnosis ``name`` of those that fit every exercise."""
    return Diagnosis(name, GENERAL[name])
