"""A reference that can also make the usual mistakes: right results, imitations, what agrees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cs231n_lib.course.checks.comparison import (
    TOLERANCE,
    Landmark,
    form,
    landmark,
    off,
    precision,
    relative_error,
    structure,
    type_name,
)
from cs231n_lib.course.checks.imitations import Imitations, Shelf, keep
from cs231n_lib.course.checks.keys import require_keys
from cs231n_lib.course.checks.mistakes import Mistake, general
from cs231n_lib.course.checks.verdict import CheckFailed

#: What a function answered, by the names of its results, or how it failed.
Answer = dict[str, Any] | CheckFailed


def named(result: Any, names: tuple[str, ...], keyed: bool = False) -> dict[str, Any]:
    """Return the values of a result by their names.

    Raises
    ------
    CheckFailed
        If they are not as many as the names, or (``keyed``) no dictionary with these keys.
    """
    if keyed:
        if result is None:
            told = f"the function should return a dictionary with {', '.join(names)}"
            raise CheckFailed(f"{told}, but returned None.", general("no_return"))
        require_keys(result, names, "the result")
        return {name: result[name] for name in names}
    if len(names) == 1:
        return {names[0]: result}
    if not isinstance(result, (tuple, list)) or len(result) != len(names):
        expected = f"the {len(names)} values ({', '.join(names)})"
        found = "None" if result is None else f"a {type_name(result)}"
        raise CheckFailed(
            f"the function should return {expected}, but returned {found}.", form(result)
        )
    return dict(zip(names, result, strict=True))


def _relative(got: Any, want: Any, args: tuple[Any, ...]) -> float:
    return relative_error(got, want)


@dataclass(frozen=True)
class Reference:
    """What is right, and what it would be with one rule turned wrong.

    Parameters
    ----------
    reference : callable
        ``reference(*args, **dials)``; without dials it gives the right result.
    results : tuple of str
        Names of the values returned.
    mistakes : tuple of Mistake
        The catalogue, most likely first.
    error : callable
        ``error(got, want, args) -> float``: how wrong, relative; `comparison.relative_error`
        suits most functions.
    factors : mapping
        ``name -> (sentence, args -> number)``: factors that are forgotten or applied twice.
    keyed : bool
        Whether the results are returned in a dictionary with their names for keys: a tuple
        otherwise, or the value itself if there is one.
    """

    reference: Callable[..., Any]
    results: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()
    error: Callable[[Any, Any, tuple[Any, ...]], float] = _relative
    factors: Mapping[str, tuple[str, Callable[..., float]]] = field(default_factory=dict)
    keyed: bool = field(default=False, kw_only=True)
    _kept: Imitations = field(default_factory=Imitations, init=False, repr=False, compare=False)

    def expected(self, args: tuple[Any, ...], **dials: Any) -> dict[str, Any] | None:
        """Return the named results of the reference; None where its dials make it fail."""
        with np.errstate(all="ignore"):
            try:
                return named(self.reference(*args, **dials), self.results, self.keyed)
            except (IndexError, ValueError, ZeroDivisionError, KeyError):
                if not dials:
                    raise
                return None

    def shelf(self, args: tuple[Any, ...]) -> Shelf:
        """Return where the imitations for these arguments are kept."""
        return self._kept.shelf(args)

    def imitation(
        self, args: tuple[Any, ...], mistakes: tuple[Mistake, ...], shelf: Shelf
    ) -> dict[str, Any] | None:
        """Return the results of the reference with these mistakes in it."""
        by = tuple(map(id, mistakes))
        if by in shelf:
            return shelf[by]
        results = self.expected(args, **{k: v for m in mistakes for k, v in m.dials.items()})
        keep(shelf, by, results)
        return results

    def _landmarks(
        self, imitation: dict[str, Any], mistakes: tuple[Mistake, ...], shelf: Shelf
    ) -> dict[str, Landmark | None]:
        """Return where the results of an imitation are largest; nothing if errors are told else."""
        if self.error is not _relative:
            return {}
        by = ("landmarks", *map(id, mistakes))
        if by not in shelf:
            shelf[by] = {part: landmark(value) for part, value in imitation.items()}
        found: dict[str, Landmark | None] = shelf[by]
        return found

    def allowed(self, args: tuple[Any, ...], tolerance: float | None = None) -> float:
        """Return how large an error may be: ``tolerance``, but not below the calibrated one."""
        return max(tolerance or 0.0, TOLERANCE[precision(args)])

    def agree(
        self,
        answer: Answer,
        mistakes: tuple[Mistake, ...],
        args: tuple[Any, ...],
        parts: tuple[str, ...],
        shelf: Shelf,
        allowed: float,
    ) -> bool:
        """Return whether the ``parts`` of an answer are those of an imitation, or both failed."""
        imitation = self.imitation(args, mistakes, shelf)
        if isinstance(answer, CheckFailed) or imitation is None:
            return isinstance(answer, CheckFailed) and imitation is None
        marks = self._landmarks(imitation, mistakes, shelf)
        if any(off(answer[p], imitation[p], marks.get(p), allowed) for p in parts):
            return False  # one value says so, and spares all others
        return all(
            structure(p, answer[p], imitation[p]) is None
            and self.error(answer[p], imitation[p], args) <= allowed
            for p in parts
        )
