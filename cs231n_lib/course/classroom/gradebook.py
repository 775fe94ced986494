"""Write results into nbgrader's gradebook, by nbgrader's own interface.

The formgrader, manual grading, comments, extensions and the late policy find what nbgrader's
own autograder would have left for them: a submission with its scores, and a notebook in
``autograded/``, which here shows the outcome of each test and none of the hidden ones.
"""

import contextlib
import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import nbformat
from nbformat import NotebookNode

from cs231n_lib.course.assignment.master import HIDDEN, Test
from cs231n_lib.course.classroom.course import Course
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.judge.result import Result

#: Students whose grades are in memory at a time.
BATCH = 100
#: What nbgrader looks grades up by and has no index for: without, each look-up reads them all.
INDEXES = (("submitted_notebook", "assignment_id"), ("grade", "notebook_id"),
           ("comment", "notebook_id"))  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A grade that is not what it was."""

    student: str
    test: str
    before: float | None
    after: float


@contextlib.contextmanager
def open_gradebook(course: Course) -> Iterator[Any]:
    """Open nbgrader's gradebook, and put its failures in words.

    Raises
    ------
    UserError
        If the database cannot be reached, or is none of nbgrader's.
    """
    from nbgrader import api
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SAWarning, SQLAlchemyError

    try:
        with api.Gradebook(course.db_url) as gradebook, warnings.catch_warnings():
            # nbgrader adds a submission to its session after it has linked it to the rest.
            warnings.simplefilter("ignore", SAWarning)
            yield gradebook
    except ModuleNotFoundError as error:
        raise UserError(
            f"the gradebook's database needs {error.name}. For PostgreSQL: "
            "pip install 'cs231n_lib[postgres]'"
        ) from None
    except SQLAlchemyError as error:
        with contextlib.suppress(SQLAlchemyError):
            shown = make_url(course.db_url).render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        raise UserError(
            f"the gradebook {shown} cannot be used: {reason}.\nIts address is "
            "c.CourseDirectory.db_url in nbgrader_config.py. If it is damaged, put a copy of it "
            "back or move it away, then grade again: results are kept apart from it."
        ) from None


class Gradebook:
    """The gradebook of one assignment; the only writer of grades.

    Parameters
    ----------
    course : Course
        Where it is.
    assignment : str
        Which one; its cells are recorded if they are not yet.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        self.course, self.assignment = course, assignment
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self.stub = self._record_cells(course.master(assignment))

    def _record_cells(self, master: bytes) -> NotebookNode:
        """Tell the gradebook the cells of the master; return the master without solutions."""
        from nbgrader.preprocessors import (
            ClearOutput,
            ClearSolutions,
            ComputeChecksums,
            LockCells,
            SaveCells,
        )
        from sqlalchemy import text

        notebook = nbformat.reads(master.decode(), as_version=4)
        name = self.assignment
        resources = {"nbgrader": {"db_url": self.course.db_url, "assignment": name,
                                  "notebook": name}}  # fmt: skip
        with open_gradebook(self.course) as gradebook:
            for table, column in INDEXES:
                index = f"CREATE INDEX IF NOT EXISTS ix_{table}_{column} ON {table} ({column})"
                gradebook.db.execute(text(index))
            gradebook.update_or_create_assignment(name)
        try:
            for step in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums, SaveCells):
                notebook, _ = step(config=self.course.config).preprocess(notebook, resources)
        except RuntimeError as error:
            raise UserError(
                f"the cells of {name} are not those that earlier submissions were graded by: "
                f"{error}.\nKeep the cells, or begin a new gradebook."
            ) from None
        return notebook

    def changes(self, results: Mapping[str, Result]) -> list[Change]:
        """Return the grades that :meth:`write` would change, given and taken."""
        found = []
        with open_gradebook(self.course) as gradebook:
            names = self._cell_names(gradebook)
            for students in _batches(results):
                for notebook in self._notebooks(gradebook, students):
                    student = notebook.assignment.student_id
                    before = {names[g.cell_id]: g.auto_score for g in notebook.grades}
                    found += [
                        Change(student, t.name, before.get(t.name), t.score)
                        for t in results[student].tests
                        if before.get(t.name) is not None and before[t.name] != t.score
                    ]
                gradebook.db.expunge_all()
        return found

    def write(self, results: Mapping[str, Result], received: dict[str, datetime | None]) -> None:
        """Write the scores of every student, their notebooks, and what lateness costs."""
        from nbgrader.preprocessors import AssignLatePenalties

        policy = AssignLatePenalties(config=self.course.config)
        policy.init_plugin()
        for student, result in results.items():
            text = nbformat.v4.writes_json(self.rebuilt(result)).encode()
            assert HIDDEN[0].encode() not in text, "a hidden test would be shown"
            folder = self.course.autograded / student / self.assignment
            write_atomically(folder / f"{self.assignment}.ipynb", text)
        with open_gradebook(self.course) as gradebook:
            for student in results:
                gradebook.update_or_create_student(student)
                when = received.get(student)
                extra = {"timestamp": when.isoformat()} if when else {}
                gradebook.update_or_create_submission(self.assignment, student, **extra)
            # One transaction for all scores, though not all of them in memory at once.
            names = self._cell_names(gradebook)
            for students in _batches(results):
                for notebook in self._notebooks(gradebook, students):
                    found = results[notebook.assignment.student_id]
                    self._write_one(notebook, names, found, policy)
                gradebook.db.flush()
                gradebook.db.expunge_all()
            gradebook.db.commit()

    def _cell_names(self, gradebook: Any) -> dict[str, str]:
        """Return id -> name of the cells of the assignment."""
        master = gradebook.find_notebook(self.assignment, self.assignment)
        cells = (*master.grade_cells, *master.solution_cells, *master.task_cells)
        return {cell.id: cell.name for cell in cells}

    def _notebooks(self, gradebook: Any, students: list[str]) -> Any:
        """Return the submitted notebooks of some students with their grades, in few queries."""
        from nbgrader.api import SubmittedAssignment, SubmittedNotebook
        from sqlalchemy.orm import joinedload, selectinload

        master = gradebook.find_notebook(self.assignment, self.assignment)
        together = (
            joinedload(SubmittedNotebook.assignment),
            selectinload(SubmittedNotebook.grades),
            selectinload(SubmittedNotebook.comments),
        )
        query = gradebook.db.query(SubmittedNotebook).options(*together)
        query = query.join(SubmittedNotebook.assignment)
        query = query.filter(SubmittedNotebook.notebook_id == master.id)
        return query.filter(SubmittedAssignment.student_id.in_(students)).all()

    def _write_one(self, notebook: Any, names: dict[str, str], result: Result, policy: Any) -> None:
        from sqlalchemy.orm import object_session

        scores = {test.name: test.score for test in result.tests}
        unanswered = self._unanswered(result)
        for grade in notebook.grades:
            name = names[grade.cell_id]
            grade.auto_score = scores.get(name, 0 if name in unanswered else None)
            by_hand = name not in scores and name not in unanswered
            grade.needs_manual_grade = grade.manual_score is not None or by_hand
        for comment in notebook.comments:
            empty = names[comment.cell_id] in unanswered
            comment.auto_comment = "No response." if empty else None
        notebook.failed_tests = not all(test.passed for test in result.tests)
        notebook.late_submission_penalty = None
        late = notebook.assignment.total_seconds_late
        if late > 0:
            session: Any = object_session(notebook)
            session.flush()
            session.refresh(notebook)  # its score, which the database adds up
            student = notebook.assignment.student_id
            penalty = policy.plugin_inst.late_submission_penalty(student, notebook.score, late)
            if penalty is not None:
                notebook.late_submission_penalty = policy._check_late_penalty(notebook, penalty)

    def _unanswered(self, result: Result) -> set[str]:
        """Return the answers that are missing, or still what the student was given."""
        given = {c.metadata.nbgrader.grade_id: c.source for c in self.stub.cells
                 if c.metadata.get("nbgrader", {}).get("solution")}  # fmt: skip
        same = (
            n for n, text in given.items() if result.answers.get(n, text).strip() == text.strip()
        )
        return set(same)  # fmt: skip

    def rebuilt(self, result: Result) -> NotebookNode:
        """Return the notebook for the grader's eyes: the student's answers, our tests' outcome."""
        notebook = nbformat.from_dict(self.stub)
        notebook.cells = [cell.copy() for cell in self.stub.cells]
        tests = {test.name: test for test in result.tests}
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if name in result.answers:
                cell.source = result.answers[name]
            if cell.cell_type == "code" and name in result.cells:
                printed = result.cells[name].output
                cell.outputs = [_stream(printed)] if printed else []
            if name in tests:
                cell.source = Test(name, cell.source, 0).visible().source
                test = tests[name]
                text = f"{test.score:g} of {test.points:g} points. {test.text}"
                cell.outputs = [_stream(text.strip() + "\n")]
        if result.reason:
            note = f"**Not graded by tests:** {result.reason}"
            notebook.cells.insert(0, nbformat.v4.new_markdown_cell(note, id="judge-note"))
        return notebook

    def students(self) -> dict[str, dict[str, Any]]:
        """Return, for each student with a submission, score after lateness and what is open."""
        from nbgrader.api import Assignment, SubmittedAssignment
        from sqlalchemy.orm import contains_eager, joinedload, undefer

        added_up = ("score", "max_score", "needs_manual_grade", "late_submission_penalty")
        with open_gradebook(self.course) as gradebook:
            query = gradebook.db.query(SubmittedAssignment).join(SubmittedAssignment.assignment)
            query = query.filter(Assignment.name == self.assignment)
            query = query.options(
                contains_eager(SubmittedAssignment.assignment),
                joinedload(SubmittedAssignment.student),
                *(undefer(getattr(SubmittedAssignment, name)) for name in added_up),
            )
            return {
                s.student_id: {
                    "score": max(0.0, s.score - (s.late_submission_penalty or 0)),
                    "max_score": s.max_score,
                    "needs_manual_grade": s.needs_manual_grade,
                    "timestamp": s.timestamp,
                    "seconds_late": s.total_seconds_late,
                    "penalty": s.late_submission_penalty,
                    "first_name": s.student.first_name,
                    "last_name": s.student.last_name,
                    "email": s.student.email,
                }
                for s in query.order_by(SubmittedAssignment.student_id)
            }

    def override(self, student: str, test: str, points: float) -> None:
        """Set the points of one test by hand, as the formgrader does."""
        from nbgrader.api import MissingEntry

        with open_gradebook(self.course) as gradebook:
            try:
                grade = gradebook.find_grade(test, self.assignment, self.assignment, student)
            except MissingEntry:
                raise UserError(f"no grade {test!r} of {student!r} in {self.assignment}") from None
            if not 0 <= points <= grade.max_score:
                raise UserError(f"{test} gives 0 to {grade.max_score:g} points, not {points:g}")
            grade.manual_score = points
            grade.needs_manual_grade = False
            gradebook.db.commit()

    def extend(self, student: str, days: int) -> None:
        """Grant a student days of delay; needs a due date in the gradebook to count from."""
        with open_gradebook(self.course) as gradebook:
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission(self.assignment, student)
            gradebook.grant_extension(self.assignment, student, days=days)


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _stream(text: str | None) -> NotebookNode:
    # nbformat's own new_output() validates each: a third of the time that writing takes.
    return NotebookNode(output_type="stream", name="stdout", text=text or "")
