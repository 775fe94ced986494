"""What the tests draw from: the same until a run is over, another in the next run."""

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.classroom.grading import Run, start
from cs231n_lib.course.classroom.incoming.collect import collect
from tests.course.classroom.counting import Counting
from tests.course.classroom.incoming.test_collect import make_zip
from tests.course.conftest import make_course
from tests.course.notebooks import submission


def test_a_run_with_faults_is_over_and_the_next_draws_anew(tmp_path, gradebook_template):
    """Who saw inputs in a run that the machine spoilt must not meet them again."""
    course = make_course(tmp_path, gradebook_template)
    master = read_master(course.master("a1"), "a1")
    seed = course.seed("a1", master.digest, fresh=False)
    assert course.seed("a1", master.digest, fresh=False) == seed, "an interrupted run goes on"
    Run(course, "a1", master, seed, {}, {"anne": "the machine was too busy"}).write()
    assert course.seed("a1", master.digest, fresh=False) != seed


def test_who_is_graded_alone_meets_other_inputs_each_time(tmp_path, gradebook_template):
    """And an interrupted run of all goes on with its own."""
    course = make_course(tmp_path / "course", gradebook_template)
    files = {f"{who}/a1.ipynb": submission() for who in ("anne", "bela")}
    collect(course, "a1", [make_zip(tmp_path / "all.zip", files)])
    pool = Counting(read_master(course.master("a1"), "a1"))
    cut_off = start(course, "a1", pool).seed
    seeds = set()
    for again in (False, True, False):
        run = start(course, "a1", pool, again=again, student="anne")
        run.write()
        seeds.add(run.seed)
    assert len(seeds | {cut_off}) == 4
    assert start(course, "a1", pool).seed == cut_off
