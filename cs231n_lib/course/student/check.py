"""A student's view of the judge: the visible tests, on one's own machine."""

import contextlib
import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from cs231n_lib.course.assignment.answers import take_answers
from cs231n_lib.course.assignment.master import Master, Test, defined_names, read_master
from cs231n_lib.course.assignment.notebook import Damaged, read_cells
from cs231n_lib.course.assignment.releases import (
    has_own_tests,
    release_by_names,
    release_of,
    released,
)
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import pools, store, walls
from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.judge.result import GRADED, Result
from cs231n_lib.course.student import lean, places
from cs231n_lib.course.student.report import Report

#: What the bench calls a call that took too long.
LATE = "late"
SEED = 0  # the visible tests draw what they draw in a notebook
#: How many versions of the library that checked code may use are kept to be used again.
LIBRARIES = 5


@dataclass(frozen=True)
class Opened:
    """A notebook and the assignment that it answers.

    Parameters
    ----------
    path : Path
        Where it is.
    data : bytes
        What it holds.
    master : Master
        The visible part of the assignment.
    release : bytes
        The notebook that the visible part was read from.
    note : str
        What is unusual about it, for the student.
    """

    path: Path
    data: bytes
    master: Master
    release: bytes
    note: str = ""

    @property
    def blank(self) -> list[str]:
        """The written answers that nobody has written anything into."""
        written = take_answers(self.data, self.master).sources
        stubs = {name: self.master.answers[name].source.strip() for name in self.master.manual}
        return [n for n, stub in stubs.items() if written.get(n, "").strip() in ("", stub)]

    def exercises(self) -> dict[str, str]:
        """Return the names that may be asked for: exercise or function -> exercise."""
        tested = dict.fromkeys(exercise_of(test.name) for test in self.master.tests)
        found = {name: name for name in tested}
        for answer, cell in self.master.answers.items():
            if cell.kind == "code" and answer in tested:
                found |= {name: answer for name in defined_names(cell.source) if name not in found}
        return found


def exercise_of(test: str) -> str:
    """Return the exercise that the test of this name belongs to."""
    return test.partition("-")[0]


def read(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def open_notebook(path: Path) -> Opened:
    """Read a notebook, and find the assignment that it answers.

    That is a release that came with the package; else the tests are those that stand in the
    notebook itself. A notebook that has lost its marks is known by what it defines.

    Raises
    ------
    UserError
        If it cannot be read, is damaged, or is none of the course's.
    """
    data = read(path)
    release: tuple[str, bytes] | None
    try:
        release, note = release_of(data), ""
        if release is None and not read_master(data, path.stem).tests:
            release = release_by_names(data)
            note = (
                "the cells have lost the course's marks (their metadata), so written answers "
                "cannot be told apart: copy your answers into a fresh notebook before you hand in"
            )
        elif release is None:
            note = (
                "the tests are those in your notebook, as your course has made them"
                if has_own_tests(data)
                else "the tests are those in your notebook; no release was found"
            )
        elif other := _other_tests(data, *release):
            note = (
                f"in your notebook {other} differs from what is run and counts: the assignment's "
                "own test. It was edited, or your copy is older than the assignment here"
            )
    except Damaged as error:
        raise UserError(f"{path} cannot be graded: {error}{_way_on(path, path.stem)}") from None
    name, content = release or (path.stem, data)
    master = read_master(content, name).visible()
    if not master.tests:
        raise UserError(
            f"{path} has no graded tests and defines none of the functions that an assignment asks "
            "for: is it a notebook of this course? For a fresh one: cs231n lab a1"
        )
    return Opened(path, data, master, content, note)


def _way_on(path: Path, name: str) -> str:
    """Say where an earlier state of a notebook is, if there is one, and how to begin anew."""
    saved = path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint.ipynb"  # by JupyterLab
    attempts = places.home_of(path) / places.SUBMISSION / places.ATTEMPTS
    earlier = [p for p in (saved, *sorted(attempts.glob(f"{name}-*.ipynb"))[-1:]) if p.is_file()]
    told = f"\nAn earlier state of it: {' and '.join(map(str, earlier))}" if earlier else ""
    known = name if name in {p.stem for p in released()} else "a1"
    return f"{told}\nTo begin anew: cs231n lab {known} --reset, which keeps the copy that you have"


def _other_tests(data: bytes, name: str, release: bytes) -> str:
    """Say which tests read otherwise in the notebook than in its release; ``""`` if none does."""
    own = {c.grade_id: c.source.split() for c in read_cells(data)[0]}
    tests = read_master(release, name).tests
    found = [t.name for t in tests if own.get(t.name, t.source.split()) != t.source.split()]
    return found[0] + f" (and {len(found) - 1} more)" * (len(found) > 1) if found else ""


Told = Callable[[Result, str], None]


class VisibleTests:
    """The visible tests of one notebook, run as often as it is saved; what can be is kept.

    Parameters
    ----------
    opened : Opened
        The notebook.
    name : str
        The exercise, or one of its functions; by default all are checked.

    Raises
    ------
    UserError
        If there is no such exercise.
    """

    def __init__(self, opened: Opened, name: str = "") -> None:
        self.exercise = _chosen(opened, name) if name else ""
        settings = pools.Settings(
            opened.release, opened.master.name, str(places.cache_folder()),
            walls=walls.UNSAFE, visible_only=True,
        )  # fmt: skip
        _prune(places.cache_folder())
        self.grader, self.stop = pools.make_grader(settings)
        self.tests = [t for t in opened.master.tests if self.exercise in ("", exercise_of(t.name))]
        self.grader.master = dataclasses.replace(self.grader.master, tests=self.tests)
        self.imports = self.grader.master.imports

    def __enter__(self) -> "VisibleTests":
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the last process go."""
        self.stop()

    def run(self, opened: Opened, told: Told = lambda *_: None) -> Result:
        """Run the tests.

        Parameters
        ----------
        opened : Opened
            The notebook, as it is now.
        told : callable
            Called before each test with what was found so far, and the test's name.

        Raises
        ------
        UserError
            If the code cannot be run here.
        """
        data, used = lean.lean(opened.data)
        imports = (lean.without_unused(source, used) for source in self.imports)
        self.grader.master = dataclasses.replace(
            self.grader.master, imports=[source for source in imports if source]
        )

        def before(test: Test, result: Result) -> str:
            told(result, test.name)
            late = {
                exercise_of(t.name) for t in result.tests if t.diagnosis and t.diagnosis.id == LATE
            }
            exercise = exercise_of(test.name)
            return f"an earlier test of {exercise} took too long" if exercise in late else ""

        try:
            result = self.grader.grade(data, SEED, before=before)
        except InfrastructureError as error:
            raise UserError(f"your code could not be run here: {error}") from None
        if result.outcome != GRADED:
            way_on = _way_on(opened.path, opened.master.name)
            raise UserError(f"{opened.path} cannot be graded: {result.reason}{way_on}")
        if not self.exercise:
            _remember(opened, result)
        return result


def _chosen(opened: Opened, name: str) -> str:
    known = opened.exercises()
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UserError(
        f"there is no exercise {name!r} in {opened.master.name}.{hint} There are: "
        f"{', '.join(dict.fromkeys(known.values()))}"
    )


def reports(result: Result, master: Master) -> list[Report]:
    """Return what was found, exercise by exercise."""
    found: dict[str, list[int]] = {}
    for number, test in enumerate(result.tests):
        found.setdefault(exercise_of(test.name), []).append(number)

    def begun(name: str) -> bool:
        cell = master.answers.get(name)
        return cell is not None and result.answers.get(name, "").strip() != cell.source.strip()

    return [
        Report(name, tuple(result.tests[n] for n in own), begun=begun(name))
        for name, own in found.items()
    ]


def _results() -> store.Results:
    return store.Results(places.cache_folder())


def _remember(opened: Opened, result: Result) -> None:
    with contextlib.suppress(UserError):  # no room: it is found out again when it is asked for
        _results().put(store.key(opened.data, opened.master), result)


def remembered(opened: Opened) -> Result | None:
    """Return what the last check of these very bytes found, if it is still known."""
    try:
        return _results().get(store.key(opened.data, opened.master))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # cut short or of another version: as good as none


def _prune(folder: Path) -> None:
    """Remove all but the newest copies of the library that checked code may use."""
    made = sorted(folder.glob("library-*"), key=lambda path: path.stat().st_mtime)
    for old in made[:-LIBRARIES]:
        shutil.rmtree(old, ignore_errors=True)
