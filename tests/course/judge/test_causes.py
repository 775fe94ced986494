"""One cause is told once, in full, where it is; the tests it costs say that they were not run."""

import pytest

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.checks import CheckFailed
from cs231n_lib.course.checks.attributes import attribute
from cs231n_lib.course.judge.causes import Causes
from cs231n_lib.course.judge.grader import LACKING, Grader
from cs231n_lib.course.judge.walls import plain
from cs231n_lib.course.limits import Limits
from tests.course import notebooks

LIMITS = Limits(wall=60.0, call=2.0)


@pytest.fixture(scope="module")
def grading(library):
    """Return a function that makes one that grades submissions with these answer cells."""
    workers = plain.Unsandboxed(library, LIMITS, ("cs231n_lib.neighbors",))

    def grading(master):
        def grade(extra=(), drop=(), **answers):
            content = notebooks.notebook({**notebooks.ANSWERS, **answers}, extra)
            content["cells"] = [c for c in content["cells"] if c["id"] not in drop]
            result = Grader(master, workers.worker, LIMITS).grade(notebooks.to_bytes(content), 1)
            return {t.name: t.text for t in result.tests}

        return grade

    yield grading
    workers.stop()


MASTER = read_master(notebooks.to_bytes(notebooks.notebook()), "tiny")


@pytest.fixture(scope="module")
def graded(grading):
    """As an instructor grades it."""
    return grading(MASTER)


@pytest.fixture(scope="module")
def checked(grading):
    """As a student checks it, who may hear all of what was raised."""
    return grading(MASTER.visible())


def test_a_syntax_error_is_told_with_its_line_once(graded):
    told = graded(extra=["import scipy.no_such"], double="def double(x)\n    return 2 * x")
    first, second = told["double-example"], told["double-random"]
    assert first.startswith("not run: the cell double should define double, but it ended with")
    assert "SyntaxError" in first
    assert "def double(x)" in first
    assert "scipy" not in first
    assert second.startswith("not run because of it: the cell double")
    assert told["mean-random"] == ""


def test_another_cell_that_fails_is_not_blamed(graded):
    told = graded(
        mean="import no_such_module\ndef mean(x): return 0", double="def duble(x): return x"
    )
    assert "no_such_module" in told["mean-random"]
    assert "it defines duble" in told["double-example"]
    assert "no_such_module" not in told["double-example"]


def test_a_deleted_cell_is_said_to_be_missing(graded):
    assert "it is missing" in graded(drop=["double"])["double-example"]


def test_marks_of_a_merge_are_recognised(graded):
    merged = (
        "<<<<<<< mine\ndef double(x): return x\n=======\ndef double(x): return 2 * x\n>>>>>>> x"
    )
    assert "marks of a merge" in graded(double=merged)["double-example"]


def test_a_variable_of_another_cell_is_explained(graded):
    told = graded(extra=["factor = 2"], double="def double(x): return factor * x")
    assert "NameError: name 'factor' is not defined" in told["double-example"]
    assert "factor is defined in another cell" in told["double-example"]
    assert "no variables and no lambdas" in told["double-example"]


#: What stands in the place of `mean`, and what is said of it.
MISTAKES = {
    "an endless loop": ("while True: pass", "a loop that never ends"),
    "endless recursion": ("return mean(x)", "calls itself again and again"),
    "input": ("return float(input())", "input() and breakpoint() are not available"),
    "a breakpoint": ("breakpoint(); return x.mean()", "input() and breakpoint() are not available"),
    "exit": ("exit()", "exit() ends the program"),
    "a file": ("return open('mean.txt')", "none of your files are there"),
    "a word misspelt": ("value = x.mean()\n    return valeu", "is it value?"),
    "a generator": ("yield x.mean()", "write `return` where `yield` is"),
    "a generator within": ("return (v for v in x)", "a list in square brackets"),
    "no import": ("return statistics.fmean(x)", "is an import missing"),
    "another's failure": ("return double(x).mean() / 2", "the cell double should define it"),
    "the library's own": (
        "from cs231n_lib.neighbors import nearest", "not available in this assignment: write",
    ),
    "no such name": (
        "from cs231n_lib.backend import mean", "cannot import name 'mean' from 'cs231n_lib.backend'"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISTAKES)
def test_what_goes_wrong_in_a_call_has_its_reason(checked, kind):
    body, said = MISTAKES[kind]
    text = checked(mean=f"def mean(x):\n    {body}", double="def double(x): return 2 x")[
        "mean-random"
    ]
    assert said in text
    assert "library-" not in text, "the place of the judge's own copy explains nothing"


def test_a_helper_that_is_no_function_at_the_top_level_is_explained(checked):
    helper = "if True:\n    def total(x): return x.sum()"
    told = checked(extra=[helper], mean="def mean(x): return total(x) / len(x)")
    assert "total is defined in another cell" in told["mean-random"]


def test_a_first_line_that_was_changed_is_named_and_a_call_of_the_students_own_is_not(checked):
    own = "def halved(x, y): return x / y\ndef mean(x): return halved(x)"
    assert "leave the first line" in checked(mean="def mean(): return 0")["mean-random"]
    told = checked(mean=own)["mean-random"]
    assert "missing 1 required positional argument" in told
    assert "leave the first line" not in told


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def duble(x): return 2 * x", "it defines duble: write double"),
        ("class Mine:\n    def double(self, x): return 2 * x", "it stands in Mine, indented"),
        ("if False:\n    def double(x): return 2 * x", "it stands in another statement, indented"),
        ("def mean(x):\n    return x\n\n    def double(x):\n        return 2 * x", "in mean, ind"),
        ("def other(x): return 2 * x", "it does not: has it been renamed?"),
    ],
)
def test_a_cell_that_defines_something_else_says_what(graded, source, said):
    assert said in graded(double=source)["double-example"]


def test_another_function_that_the_cell_should_define_is_not_taken_for_the_missing_one():
    layer = {
        **notebooks.ANSWERS,
        "double": "def loss_l1(x): pass\ndef loss_l2(x): pass",
    }
    master = read_master(notebooks.to_bytes(notebooks.notebook(layer)), "tiny")
    one = Causes(master, {"double": "def loss_l1(x): pass"})
    assert "it does not: has it been renamed?" in one.of("loss_l2", {})
    other = Causes(master, {"double": "def loss_l1(x): pass\ndef losss_l2(x): pass"})
    assert "it defines losss_l2: write loss_l2" in other.of("loss_l2", {})


CLASS = "class Net:\n    def __init__(self): self.reg = 1\n"


def test_the_words_by_which_a_test_says_that_a_method_is_lost_are_known():
    with pytest.raises(CheckFailed) as failed:
        attribute(object(), "train", "the model")
    assert LACKING.search(failed.value.message)[1] == "train"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (CLASS + "def train(self, X): return X", "outside_class"),
        (CLASS + "    def trian(self, X): return X", "misspelt"),
        (CLASS + "def train(X): return X", None),
        (CLASS, None),
        ("no Python", None),
    ],
)
def test_a_method_that_is_lost_is_found(source, name):
    found = Causes(MASTER, {"Net": source}).of_attribute("train", "Net")
    assert (found and found.id) == name
    assert Causes(MASTER, {"Net": source}).of_attribute("train", "Other") is None


def test_an_attribute_without_self_is_recognised():
    source = "class Net:\n    def __init__(self): self.reg = 1\n    def loss(self): return reg"
    found = Causes(MASTER, {"Net": source}).of_name("reg", 'File "<Net>", line 3, in loss')
    assert found.sentence == "is it self.reg?"


@pytest.mark.parametrize(
    ("line", "binds"),
    [("reg = 1", True), ("a, reg = 1, 2", True), ("    reg: float = 1", True), ("reg", False),
     ("def reg(x):", True), ("class reg:", True), ("x = reg", False), ("reg == 1", False),
     ("# reg = 1", False), ("f(reg=1)", False), ("regs = 1", False), ("reg " * 200_000, False)],
)  # fmt: skip
def test_where_a_name_is_bound_is_found_line_by_line(line, binds):
    source = "def f():\n    return reg"
    found = Causes(MASTER, {"Net": source}, [f"x = 1\n{line}"]).of_name("reg", 'File "<Net>"')
    assert (found.id == "other_cell") == binds


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (">>> def double(x):\n...     return 2 * x", "marks of a prompt"),
        ("def double(x): return 2 − x", "type it on the keyboard"),
        ("def double(x):\n\tx = x\n        return 2 * x", "indent with four blanks"),
    ],
)
def test_a_cell_that_does_not_run_says_what_to_do(checked, source, said):
    assert said in checked(double=source)["double-example"]


def test_an_exception_has_no_reason_that_says_nothing(graded):
    told = graded(mean="def mean(x):\n    return 1 / 0")
    assert "ZeroDivisionError" in told["mean-random"]
    assert "Likely reason" not in told["mean-random"]


def test_an_index_behind_the_last_entry_is_explained(checked):
    told = checked(mean="def mean(x):\n    return sum(x[i] for i in range(len(x) + 1))")
    assert "goes past the end" in told["mean-random"]
    told = checked(mean="def mean(x):\n    return x[:, :, :, 0]")
    assert "goes past the end" not in told["mean-random"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def double(x) return 2 * x", "SyntaxError"),
        ("def double():\n    return 0", "leave the first line"),
        ("def double(x):\n    return dubble(x)", "is it double?"),
        ("def double(x):\n    while True: pass", "loop that never ends"),
    ],
)
def test_what_never_came_to_refuse_is_no_refusal(grading, source, said):
    refuses = "from cs231n_lib.course import checks\nfrom cs231n_lib.course.checks import calling\n"
    refuses += (
        "kind = calling.raised(double, None)\nchecks.require(kind == 'ValueError', f'{kind}?')"
    )
    content = notebooks.notebook()
    for cell in content["cells"]:
        if cell["id"] == "double-example":
            cell["source"] = refuses
    checked = grading(read_master(notebooks.to_bytes(content), "tiny").visible())
    told = checked(double=source)["double-example"]
    assert said in told
    assert "?" not in told.split("Likely reason")[0]
    raises = "def double(x):\n    raise {}('no')"
    assert checked(double=raises.format("ValueError"))["double-example"] == ""
    assert "KeyError?" in checked(double=raises.format("KeyError"))["double-example"]
