"""Read and write the grades of an assignment, by nbgrader's own interface.

The formgrader, manual grading, comments and extensions find what nbgrader's own autograder would
have left for them. A student's grades are written together or not at all, and one whose grades
cannot be written is named and keeps nobody else from theirs.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.folder.names import Names
from cs231n_lib.course.classroom.gradebook import notebook as notebooks
from cs231n_lib.course.classroom.gradebook.cells import (
    CellChanges,
    cells_of,
    change_cells,
    compare_cells,
)
from cs231n_lib.course.classroom.gradebook.database import open_gradebook
from cs231n_lib.course.classroom.gradebook.grade import CellGrade, Grade, Lateness
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
    before: float
    after: float


class Gradebook:
    """The gradebook of one assignment, open as long as the ``with``; the only writer of grades.

    Parameters
    ----------
    course : Course
        Where it is.
    assignment : str
        Which one.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        self.course, self.assignment = course, assignment
        self.stub = notebooks.stub_of(course.master(assignment), course.config)
        self.stack = contextlib.ExitStack()

    def __enter__(self) -> "Gradebook":
        """Open it."""
        self.gradebook = self.stack.enter_context(open_gradebook(self.course))
        return self

    def __exit__(self, *failure: Any) -> bool | None:
        """Close it."""
        return self.stack.__exit__(*failure)

    def cell_changes(self) -> CellChanges:
        """Return which cells the master has now and had not before, and the reverse."""
        return compare_cells(self.gradebook, self.assignment, cells_of(self.stub))

    def record_cells(self) -> None:
        """Tell the gradebook the cells of the master; grades of those that stay are kept."""
        from nbgrader.preprocessors import SaveCells
        from sqlalchemy import text

        for table, column in INDEXES:
            index = f"CREATE INDEX IF NOT EXISTS ix_{table}_{column} ON {table} ({column})"
            self.gradebook.db.execute(text(index))
        self.gradebook.update_or_create_assignment(self.assignment)
        change_cells(self.gradebook, self.assignment, self.stub)
        self.gradebook.db.commit()
        resources = {"nbgrader": {"db_url": self.course.db_url, "assignment": self.assignment,
                                  "notebook": self.assignment}}  # fmt: skip
        SaveCells(config=self.course.config).preprocess(self.stub, resources)
        self.gradebook.db.expire_all()

    def _known(self) -> bool:
        from nbgrader.api import MissingEntry

        try:
            self.gradebook.find_notebook(self.assignment, self.assignment)
        except MissingEntry:
            return False
        return True

    def changes(self, results: Mapping[str, Result]) -> list[Change]:
        """Return the grades that :meth:`write` would change, given and taken."""
        found: list[Change] = []
        if not self._known():
            return found
        names = self._cell_names()
        for students in _batches(results):
            for notebook in self._notebooks(students):
                student = notebook.assignment.student_id
                before = {names[g.cell_id]: g.auto_score for g in notebook.grades}
                for test in results[student].tests:
                    was = before.get(test.name)
                    if was is not None and was != test.score:
                        found.append(Change(student, test.name, was, test.score))
            self.gradebook.db.expunge_all()
        return found

    def write(
        self, results: Mapping[str, Result], received: Mapping[str, datetime | None]
    ) -> dict[str, str]:
        """Write the scores and the notebook of every student.

        Returns
        -------
        dict
            Student -> why the grades could not be written.
        """
        self.record_cells()
        names, most = self._cell_names(), self._most()
        faults: dict[str, str] = {}
        for students in _batches(results):
            for student in students:
                self.gradebook.update_or_create_student(student)
                when = received.get(student)
                extra = {"timestamp": when.replace(tzinfo=None).isoformat()} if when else {}
                self.gradebook.update_or_create_submission(self.assignment, student, **extra)
            pages: dict[str, bytes] = {}
            for notebook in self._notebooks(students):
                student = notebook.assignment.student_id
                try:
                    with self.gradebook.db.begin_nested():
                        pages[student] = self._write_one(notebook, names, most, results[student])
                except (ValueError, TypeError, LookupError, AssertionError) as error:
                    faults[student] = f"could not be written: {type(error).__name__}: {error}"
            self.gradebook.db.commit()
            self.gradebook.db.expunge_all()
            # After the grades: what a cut-off run leaves is compared with what was shown before.
            for student, page in pages.items():
                write_atomically(self._page(student), page)
        return faults

    def _page(self, student: str) -> Path:
        folder = self.course.autograded / student / self.assignment
        return folder / f"{self.assignment}.ipynb"

    def _cell_names(self) -> dict[str, str]:
        """Return id -> name of the cells of the assignment."""
        master = self.gradebook.find_notebook(self.assignment, self.assignment)
        cells = (*master.grade_cells, *master.solution_cells, *master.task_cells)
        return {cell.id: cell.name for cell in cells}

    def _most(self) -> dict[str, float]:
        """Return the points that each cell gives."""
        master = self.gradebook.find_notebook(self.assignment, self.assignment)
        return {c.name: c.max_score for c in (*master.grade_cells, *master.task_cells)}

    def _notebooks(self, students: list[str]) -> Any:
        """Return the submitted notebooks of some students with their grades, in few queries."""
        from nbgrader.api import SubmittedAssignment, SubmittedNotebook
        from sqlalchemy.orm import joinedload, selectinload

        master = self.gradebook.find_notebook(self.assignment, self.assignment)
        together = (
            joinedload(SubmittedNotebook.assignment).joinedload(SubmittedAssignment.student),
            selectinload(SubmittedNotebook.grades),
            selectinload(SubmittedNotebook.comments),
        )
        query = self.gradebook.db.query(SubmittedNotebook).options(*together)
        query = query.join(SubmittedNotebook.assignment)
        query = query.filter(SubmittedNotebook.notebook_id == master.id)
        return query.filter(SubmittedAssignment.student_id.in_(students)).all()

    def _write_one(
        self, notebook: Any, names: dict[str, str], most: dict[str, float], result: Result
    ) -> bytes:
        """Write the scores of one student; return the notebook for the grader's eyes.

        A grade given by hand stays done as long as neither the answer nor the score changed, and
        it is not more than the assignment gives by now.
        """
        page = notebooks.as_bytes(notebooks.rebuilt(self.stub, result))
        path = self._page(notebook.assignment.student_id)
        before = notebooks.answers_in(path.read_bytes()) if path.exists() else None
        now = notebooks.answers_in(page)
        empty = notebooks.unanswered(self.stub, result)
        scores = {test.name: test.score for test in result.tests}
        code = [n for n in notebooks.shown_answers(self.stub, result) if n not in scores]
        for grade in notebook.grades:
            name = names[grade.cell_id]
            auto = scores.get(name, 0.0 if name in empty else None)
            looked_at = code if name in scores else [name]
            same = before is not None and all(before.get(n) == now.get(n) for n in looked_at)
            if grade.manual_score is None:
                grade.needs_manual_grade = auto is None
            elif not same or auto != grade.auto_score or grade.manual_score > most[name]:
                grade.needs_manual_grade = True
            grade.auto_score = auto
        for comment in notebook.comments:
            comment.auto_comment = "No response." if names[comment.cell_id] in empty else None
        notebook.failed_tests = not all(test.passed for test in result.tests)
        return page

    def grades(
        self, lateness: Mapping[str, Lateness], reasons: Mapping[str, str]
    ) -> dict[str, Grade]:
        """Return the grade of each student with a submission.

        Parameters
        ----------
        lateness : mapping
            Student -> what the account says; who is not in it is not late.
        reasons : mapping
            Student -> why nothing could be graded.
        """
        if not self._known():
            return {}
        policy = self._policy()
        logins = Names(self.course)
        names = self._cell_names()
        order = {notebooks.grade_id(c): n for n, c in enumerate(self.stub.cells)}
        most = self._most()
        graded: dict[str, Grade] = {}
        for students in _batches(self._students()):
            for found in self._notebooks(students):
                owner = found.assignment.student
                comments = {names[c.cell_id]: c.comment or "" for c in found.comments}
                cells = [_cell(g, names[g.cell_id], most, comments) for g in found.grades]
                cells.sort(key=lambda c: order.get(c.name, len(order)))
                late = lateness.get(owner.id, Lateness())
                score = sum(c.score for c in cells)
                penalty = policy(owner.id, score, late.seconds)
                graded[owner.id] = Grade(
                    owner.id, logins.login_of(owner.id), score - penalty, sum(most.values()),
                    penalty, found.assignment.timestamp, late, tuple(cells),
                    owner.first_name or "", owner.last_name or "", owner.email or "",
                    reasons.get(owner.id, ""),
                )  # fmt: skip
            self.gradebook.db.expunge_all()
        return dict(sorted(graded.items()))

    def _students(self) -> list[str]:
        from nbgrader.api import Assignment, SubmittedAssignment

        query = self.gradebook.db.query(SubmittedAssignment.student_id)
        query = query.join(Assignment).filter(Assignment.name == self.assignment)
        return sorted(student for (student,) in query)

    def missing(self, present: Iterable[str]) -> list[Grade]:
        """Return the students of the roster who are not among ``present``."""
        logins, there = Names(self.course), set(present)
        return [
            Grade(s.id, logins.login_of(s.id), 0.0, 0.0, first_name=s.first_name or "",
                  last_name=s.last_name or "", email=s.email or "")
            for s in sorted(self.gradebook.students, key=lambda s: s.id) if s.id not in there
        ]  # fmt: skip

    def extensions(self) -> dict[str, dict[str, timedelta]]:
        """Return student -> assignment -> extension, of those that nbgrader keeps."""
        from nbgrader.api import SubmittedAssignment

        query = self.gradebook.db.query(SubmittedAssignment).filter(
            SubmittedAssignment.extension.is_not(None)
        )
        found: dict[str, dict[str, timedelta]] = {}
        for s in query:
            found.setdefault(s.student_id, {})[s.assignment.name] = s.extension
        return found

    def due_dates(self) -> dict[str, datetime | None]:
        """Return assignment -> when it is due, in UTC."""
        return {a.name: a.duedate for a in self.gradebook.assignments}

    def set_due_date(self, when: datetime | None) -> datetime | None:
        """Set when the assignment is due, in UTC without a zone; return when it was."""
        self.gradebook.update_or_create_assignment(self.assignment)
        assignment = self.gradebook.find_assignment(self.assignment)
        before: datetime | None = assignment.duedate
        assignment.duedate = when
        self.gradebook.db.commit()
        return before

    def _policy(self) -> Any:
        """Return the late policy of ``nbgrader_config.py``: student, score, seconds -> points."""
        from nbgrader.preprocessors import AssignLatePenalties

        policy = AssignLatePenalties(config=self.course.config)
        policy.init_plugin()

        def penalty(student: str, score: float, seconds: float) -> float:
            if seconds <= 0:
                return 0.0
            found = policy.plugin_inst.late_submission_penalty(student, score, seconds)
            return min(max(float(found or 0.0), 0.0), score)

        return penalty

    def settle(self, grades: Mapping[str, Grade]) -> None:
        """Write what lateness costs, for those who read the gradebook with nbgrader's own tools."""
        for students in _batches(grades):
            for found in self._notebooks(students):
                penalty = grades[found.assignment.student_id].penalty or None
                if found.late_submission_penalty != penalty:
                    found.late_submission_penalty = penalty
            self.gradebook.db.commit()
            self.gradebook.db.expunge_all()

    def override(self, student: str, test: str, points: float) -> tuple[float, float]:
        """Set the points of one test by hand, as the formgrader does; return old and new."""
        from nbgrader.api import MissingEntry

        try:
            grade = self.gradebook.find_grade(test, self.assignment, self.assignment, student)
        except MissingEntry:
            raise UserError(f"no grade {test!r} of {student!r} in {self.assignment}") from None
        if not 0 <= points <= grade.max_score:
            raise UserError(f"{test} gives 0 to {grade.max_score:g} points, not {points:g}")
        before = grade.manual_score if grade.manual_score is not None else grade.auto_score
        grade.manual_score = points
        grade.needs_manual_grade = False
        self.gradebook.db.commit()
        return before, points


def _cell(grade: Any, name: str, most: dict[str, float], comments: dict[str, str]) -> CellGrade:
    by_hand, auto = grade.manual_score, grade.auto_score
    extra = grade.extra_credit or 0.0
    base = by_hand if by_hand is not None else auto
    score = 0.0 if base is None else base + extra
    return CellGrade(name, score, most.get(name, 0.0), auto, by_hand, extra,
                     comments.get(name, ""), bool(grade.needs_manual_grade))  # fmt: skip


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, BATCH)):
        yield batch
