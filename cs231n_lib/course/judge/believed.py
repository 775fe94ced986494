"""A result that another machine sent: taken only if it can be one of what was asked.

Walls keep a student's code away from the process that grades. Whether the machine that it runs on
has been taken over all the same cannot be seen from here; that it answers another question, gives
points that there are none of, or sends something else in place of a result can.
"""

import json
import types
import typing
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from cs231n_lib.course.assignment.master import Master
from cs231n_lib.course.judge.result import GRADED, STUDENT_FAULT, Result
from cs231n_lib.course.judge.store import version
from cs231n_lib.course.limits import MAX_REPLY
from cs231n_lib.course.text import visible


class UnbelievableError(ValueError):
    """What was sent cannot be the result that was asked for."""


@dataclass(frozen=True)
class Asked:
    """What a result is asked for: the submission, by its digest, and the seed, by the master."""

    master: Master
    submission: str
    seed: int

    def read(self, reply: object) -> Result:
        """Return the result that ``reply`` holds as JSON.

        Raises
        ------
        UnbelievableError
            If it is not a result of what was asked.
        """
        if not isinstance(reply, str):
            raise UnbelievableError(f"no text but {type(reply).__name__[:100]}")
        if len(reply) > MAX_REPLY:
            raise UnbelievableError(f"more than {MAX_REPLY:,} characters")
        try:
            result: Result = _as(Result, json.loads(reply))
        except (ValueError, RecursionError) as error:
            raise UnbelievableError(f"no result ({visible(str(error)[:200])})") from None
        self._compare(result)
        return result

    def _compare(self, result: Result) -> None:
        for what, found, expected in (
            ("submission", result.submission, self.submission),
            ("seed", result.seed, self.seed),
            ("master", result.master, self.master.digest),
            ("version of the course package", result.version, version()),
        ):
            if found != expected:
                raise UnbelievableError(f"the result of another {what}")
        if result.outcome not in (GRADED, STUDENT_FAULT):
            raise UnbelievableError("an outcome that there is not")
        tests = [(t.name, t.points) for t in result.tests]
        if tests != [(t.name, t.points) for t in self.master.tests]:
            raise UnbelievableError("the results of other tests")
        if not all(0 <= t.score <= t.points for t in result.tests):
            raise UnbelievableError("points that there are none of")


def _as(kind: Any, value: Any) -> Any:
    """Return ``value``, as JSON has it, as an object of the type ``kind``; `ValueError` if not."""
    arguments = typing.get_args(kind)
    match typing.get_origin(kind) or kind:
        case types.UnionType:
            (other,) = (k for k in arguments if k is not type(None))
            return None if value is None else _as(other, value)
        case origin if origin is list and type(value) is list:
            return [_as(arguments[0], item) for item in value]
        case origin if origin is dict and type(value) is dict:
            return {visible(key): _as(arguments[1], item) for key, item in value.items()}
        case origin if is_dataclass(origin) and type(value) is dict:
            known = typing.get_type_hints(kind)
            hints = {field.name: known[field.name] for field in fields(kind)}
            if value.keys() != hints.keys():
                raise ValueError(f"a {kind.__name__} of other parts")
            return kind(**{name: _as(hints[name], value[name]) for name in hints})
        case origin if origin is str and type(value) is str:
            return visible(value)
        case origin if origin is float and type(value) in (int, float):
            return value
        case origin if origin is int and type(value) is int:
            return value
    raise ValueError(f"{type(value).__name__} in the place of {getattr(kind, '__name__', kind)}")
