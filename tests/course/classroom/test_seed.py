"""What the tests draw from: the same until a run is over, another in the next run."""

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.grading import Run
from tests.course.conftest import make_course


def test_a_run_with_faults_is_over_and_the_next_draws_anew(tmp_path, gradebook_template):
    """Who saw inputs in a run that the machine spoilt must not meet them again."""
    course = make_course(tmp_path, gradebook_template)
    master = read_master(course.master("a1"), "a1")
    seed = course.seed("a1", master.digest, fresh=False)
    assert course.seed("a1", master.digest, fresh=False) == seed, "an interrupted run goes on"
    Run(course, "a1", master, seed, {}, {"anne": "the machine was too busy"}).write()
    assert course.seed("a1", master.digest, fresh=False) != seed
