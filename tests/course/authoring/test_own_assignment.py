"""An assignment of one's own: begun, tried, released, graded; what it lacks is told."""

import json
import zipfile

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.authoring import founding
from cs231n_lib.course.authoring.founding import begin
from cs231n_lib.course.authoring.verify import examine
from cs231n_lib.course.checks import given
from cs231n_lib.course.classroom.founding import begin as begin_course
from cs231n_lib.course.cli import app
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.judge import pools
from cs231n_lib.course.judge.walls import bubblewrap


@pytest.fixture
def course(tmp_path):
    made = begin_course(tmp_path / "smoothing", assignments=())
    begin(made, "a6")
    return made


def edit(path, old, new):
    """Change a file of the assignment; in a notebook the source as JSON has it."""
    text = path.read_text()
    if path.suffix == ".ipynb":
        old, new = json.dumps(old)[1:-1], json.dumps(new)[1:-1]
    assert old in text
    path.write_text(text.replace(old, new))


def problems(course, seeds=1):
    return examine(course, "a6", seeds).problems


def test_what_is_begun_with_is_ready(course):
    run = CliRunner().invoke(
        app, ["course", "check", "a6", "--course", str(course.root), "--unsafe", "--seeds", "3"]
    )
    assert run.exit_code == 0, run.output
    assert "3 of 3 right answers accepted, 7 of 7 wrong ones rejected, 3 seeds" in run.output
    assert "a6 is ready" in run.output


def test_where_no_walls_can_be_put_up_the_remedy_is_told(course, monkeypatch):
    monkeypatch.setattr(bubblewrap, "why_not_isolated", lambda: "bubblewrap is missing")
    run = CliRunner().invoke(app, ["course", "check", "a6", "--course", str(course.root)])
    assert isinstance(run.exception, UserError)
    assert "bubblewrap is missing" in str(run.exception)
    assert "--unsafe" in str(run.exception)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("notebook", "/ width\n    ###", "/ width + 1\n    ###", "the model solution fails"),
        ("notebook", "### BEGIN HIDDEN TESTS\n", "", "no test with a hidden part"),
        ("notebook", "own = checks.own", "### END HIDDEN TESTS\nown = checks.own",
         "names checks.own"),
        ("notebook", "own.moving_average.check(moving_average, {",
         "own.moving_average.check(moving_average, show=True, regimes={",
         "has a number of its hidden inputs or results"),
        ("notebook", "### BEGIN SOLUTION", "###", "has no ### BEGIN SOLUTION"),
        ("notebook", "# The signal stays as it is.\n", "", "begins with no comment"),
        ("notebook", "### BEGIN SOLUTION\nZeros", "Zeros",
         "ends: the cell has no ### BEGIN SOLUTION, so nothing that stands in it reaches students"),
        ("samples", "=== same total", "=== same nothing", "this change passes all tests"),
        ("samples", "manners\n", "manner\n", "loses manner, but the tests are example, manners"),
        ("samples", "| sum_for_mean", "| last_one_missing", "named ['sum_for_mean']"),
        ("samples", "np.median(np.lib", "np.mean(np.lib", "'medians'"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_told(course, file, old, new, message):
    path = {
        "notebook": course.source / "a6" / "a6.ipynb",
        "samples": course.samples("a6", "moving_average"),
    }[file]
    edit(path, old, new)
    assert [p for p in problems(course) if message in p]


def test_what_is_left_of_another_name_is_told(course):
    course.samples("a6", "moving_average").with_name("old.txt").write_text("")
    path = course.source / "a6" / "a6.ipynb"
    path.write_text(path.read_text().replace('"moving_average-manners"', '"median-manners"'))
    found = problems(course)
    assert "median-manners: no answer cell has the name that this test's begins with" in found
    assert any("samples/a6/old.txt: there is no exercise old, but moving_average" in p
               for p in found)  # fmt: skip


def test_written_answers_are_counted_and_have_points(course):
    assert "ends: graded by a person, 2 points" in examine(course, "a6", 1).tried
    content = json.loads((course.source / "a6" / "a6.ipynb").read_text())
    content["cells"][-1]["metadata"]["nbgrader"]["points"] = 0
    (course.source / "a6" / "a6.ipynb").write_text(json.dumps(content))
    assert "ends: gives no points" in problems(course)


def test_a_beginning_that_was_cut_short_is_no_assignment_and_is_completed(course, monkeypatch):
    for kept in (0, 1, 2):
        name, written = f"b{kept}", []

        def until(path, data, kept=kept, written=written):
            if len(written) == kept:
                raise KeyboardInterrupt
            written.append(path)
            write_atomically(path, data)

        with monkeypatch.context() as patch:
            patch.setattr(founding, "write_atomically", until)
            with pytest.raises(KeyboardInterrupt):
                begin(course, name)
        assert len(written) == kept
        assert course.assignments() == ["a6", *(f"b{n}" for n in range(kept))]
        begin(course, name)
        assert name in course.assignments()
        assert course.samples(name, "moving_average").is_file()
        assert course.checks(name).is_file()


def test_a_file_of_ones_own_is_not_taken_for_a_beginning(course):
    course.checks("b").write_text("mine")
    with pytest.raises(UserError, match=r"checks/b\.py is there already"):
        begin(course, "b")
    assert course.assignments() == ["a6"]


def test_missing_files_are_told(course):
    course.checks("a6").unlink()
    course.samples("a6", "moving_average").unlink()
    found = problems(course)
    assert any("checks/a6.py" in p for p in found)


def test_checks_that_cannot_be_run_are_told_in_words(course):
    course.checks("a6").write_text("import nothing_of_that_name")
    with pytest.raises(UserError, match=r"checks/a6\.py cannot be used: ModuleNotFoundError"):
        problems(course)


def test_a_damaged_sample_file_is_told_in_words(course):
    course.samples("a6", "moving_average").write_text("=== good one\nx = 1\n")
    with pytest.raises(UserError, match="a sample begins with"):
        problems(course)


def test_names_and_files_in_use_are_refused(course):
    for name in ("A6", "../a6", "a 6", ""):
        with pytest.raises(UserError, match="cannot be the name"):
            begin(course, name)
    with pytest.raises(UserError, match="there already"):
        begin(course, "a6")
    with pytest.raises(UserError, match=r"a3 is one of ours.*cs231n course add a3"):
        begin(course, "a3")
    assert course.assignments() == ["a6"]


def test_students_get_neither_checks_nor_solution(course):
    run = CliRunner().invoke(app, ["release", "a6", "--course", str(course.root)])
    assert run.exit_code == 0, run.output
    with zipfile.ZipFile(course.state / "bundles" / "a6.zip") as bundle:
        assert sorted(bundle.namelist()) == ["a6/README.txt", "a6/a6.ipynb"]
        text = bundle.read("a6/a6.ipynb").decode()
    assert "cumsum" not in text
    assert "Rubric" not in text
    assert "Name two ways to return" in text
    assert "checks.own" not in text
    assert "a window over all" not in text
    assert len(read_master(text.encode(), "a6").tests) == 4


def test_a_test_of_which_students_see_nothing_gives_them_no_points(course):
    """It would pass on an empty answer, and tell them that something works."""
    visible = read_master(course.master("a6"), "a6").visible()
    assert [test.name for test in visible.tests] == [
        f"moving_average-{part}" for part in ("example", "manners", "vectorised")
    ]


def test_the_checks_go_with_the_master_and_change_its_digest(course):
    before = read_master(course.master("a6"), "a6")
    assert "sum_for_mean" in before.checks
    edit(course.checks("a6"), "divide them by the width", "divide by the width")
    after = read_master(course.master("a6"), "a6")
    assert after.checks != before.checks
    assert after.digest != before.digest


def test_a_student_is_told_the_mistake_and_reads_no_checks(course, needs_walls):
    content = json.loads(course.master("a6"))
    (answer,) = (c for c in content["cells"] if c["id"] == "moving_average")
    path = str(course.checks("a6"))
    answer["source"] = f"""\
def moving_average(x, width):
    return np.convolve(x, np.ones(width), mode="valid")
for path in ({path!r}, "checks/a6.py", "a6.py", "/library/checks/a6.py"):
    try:
        print("SEEN", open(path).read())
    except OSError:
        pass
try:
    from cs231n_lib.course.checks import own
    print("SEEN", own)
except ImportError:
    pass
"""
    settings = pools.Settings(course.master("a6"), "a6", str(course.judge("a6")))
    grader, stop = pools.make_grader(settings)
    try:
        result = grader.grade(json.dumps(content).encode(), seed=3)
    finally:
        stop()
    told = {t.name: t for t in result.tests}
    assert told["moving_average-random"].diagnosis.id == "sum_for_mean"
    assert told["moving_average-manners"].passed
    assert "SEEN" not in str(result.cells) + str(result.tests)


def test_own_checks_are_found_beside_an_instructors_notebook(course, monkeypatch):
    monkeypatch.setattr(given, "_given", {})
    monkeypatch.chdir(course.source / "a6")
    assert given.own("a6").moving_average.results == ("y",)
    with pytest.raises(FileNotFoundError, match=r"write checks/a7\.py"):
        given.own("a7")
