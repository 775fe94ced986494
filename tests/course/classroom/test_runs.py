"""What release makes is what is committed; run, it earns and shows what it promises.

nbgrader runs the solved and the released notebook once, from top to bottom in one kernel as a
student would, test cells and all.

To draw the figures anew that are kept here: CS231N_NEW_FIGURES=1.
"""

import os
import shutil
from functools import cache
from pathlib import Path

import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.checks.verdict import NOT_YET
from cs231n_lib.course.classroom import release
from cs231n_lib.course.classroom.folder.config import course_config
from cs231n_lib.course.publishing import notebooks
from tests.course.classroom.test_release import course_of
from tests.course.student.test_payoff import experiments, is_test

ROOT = checkout.root()
KEPT = Path(__file__).with_name("figures")
#: Shares of pixels that may differ: what is learnt in many steps differs between processors, and
#: a picture of it still shows the same.
VARIES = {"a4-best-0": 0.15}
WAITING = f"{NOT_YET}: this experiment waits for your code"
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module", params=assignments())
def name(request):
    """An assignment; its tests follow each other, so that one process runs its notebooks once."""
    return request.param


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a function that gives a course folder with one released assignment, made once."""

    @cache
    def get(name):
        folder = course_of(tmp_path_factory.mktemp(name), name)
        with pytest.MonkeyPatch.context() as here:  # as in the checkout, whose release is committed
            here.setattr(release, "of_checkout", lambda course: True)
            release.release(name, folder)
        return folder

    return get


@pytest.fixture(scope="module")
def run(course):
    """Return a function that gives a notebook of `solutions` or `exercises` as nbgrader ran it."""
    from nbgrader.apps import NbGraderAPI

    @cache
    def get(origin, name):
        folder = course(name)
        shutil.copytree(folder / origin / name, folder / ".nbgrader" / "submitted" / origin / name)
        config = course_config(folder)
        config.Execute.timeout = 3600  # a cell may take long here: that is the machine's business
        result = NbGraderAPI(config=config).autograde(name, origin)
        assert result["success"], result
        ran = folder / ".nbgrader" / "autograded" / origin / name / f"{name}.ipynb"
        return notebooks.read(ran)

    return get


def printed(cell):
    return "".join(o.text for o in cell.outputs if o.output_type == "stream")


def errors(notebook):
    return [
        (cell, output)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    ]


def checks(notebook):
    found = [c for c in notebook.cells if c.cell_type == "code" and "practice.check(" in c.source]
    assert found
    return found


def test_the_committed_release_is_what_release_makes(name, course):
    made = course(name) / "exercises" / name
    assert release.digest(made) == release.digest(ROOT / "exercises" / name), (
        f"run: cs231n release {name}"
    )


def test_nbgrader_gives_the_solution_everything_and_the_blank_nothing(name, run, course):
    from nbgrader.api import Gradebook

    for origin in ("solutions", "exercises"):
        run(origin, name)
    config = course_config(course(name))
    with Gradebook(config.CourseDirectory.db_url) as gradebook:
        solved, blank = (gradebook.find_submission(name, s) for s in ("solutions", "exercises"))
        automatic = sum(
            g.auto_score or 0
            for n in solved.notebooks
            for g in n.grades
            if g.cell.cell_type == "code"
        )
        possible = sum(
            g.max_score for n in solved.notebooks for g in n.grades if g.cell.cell_type == "code"
        )
        assert automatic == possible > 0
        assert blank.score == 0
        assert not blank.needs_manual_grade


def test_a_solved_notebook_runs_through_and_draws_its_figures(name, run):
    notebook = run("solutions", name)
    assert not errors(notebook)
    for cell in experiments(notebook):
        assert WAITING not in printed(cell)
        drawn = list(notebooks.figures(cell.outputs))
        assert len(drawn) == cell.source.count("plt.show()"), cell.id
        assert drawn or printed(cell), f"{cell.id} shows nothing"
        for number, png in enumerate(drawn):
            kept = KEPT / f"{name}-{cell.id}-{number}.png"
            if os.environ.get("CS231N_NEW_FIGURES"):
                kept.parent.mkdir(exist_ok=True)
                kept.write_bytes(png)
            may_vary = VARIES.get(kept.stem, 0.02)
            assert not notebooks.figures_differ(kept.read_bytes(), png, tolerance=may_vary), cell.id
    for cell in checks(notebook):
        assert 'data-state="passed"' in cell.outputs[0].data["text/html"], cell.id


def test_in_a_released_notebook_tests_say_what_lacks_and_everything_else_waits(name, run):
    notebook = run("exercises", name)
    assert errors(notebook)
    for cell, output in errors(notebook):
        assert is_test(cell), cell.id
        assert "not implemented yet" in output.evalue
        assert len(output.traceback) <= 3
    assert all(WAITING in printed(cell) for cell in experiments(notebook))
    for cell in checks(notebook):
        assert "not attempted yet" in cell.outputs[0].data["text/plain"], cell.id
