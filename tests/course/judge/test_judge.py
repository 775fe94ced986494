"""One submission in, one result out: right points, right outcome, a reason, no secrets."""

import dataclasses
import json
import select

import pytest

from cs231n_lib.course.assignment import answers
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.assignment.notebook import Damaged
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import rules
from cs231n_lib.course.judge.grader import Grader
from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.judge.result import Result
from cs231n_lib.course.limits import Limits
from tests.course.notebooks import ANSWERS, STUB, cell, notebook, submission, to_bytes


def points(result):
    return {t.name: t.score for t in result.tests}


def test_right_answers_get_all_points(grade):
    result = grade(submission())
    assert (result.outcome, result.score, result.points) == ("graded", 4, 4)
    assert all(t.passed for t in result.tests)
    assert result.answers["why"] == "Because."


def test_the_stub_gets_none_and_is_told_so(grade):
    result = grade(to_bytes(notebook(STUB)))
    assert (result.outcome, result.score) == ("graded", 0)
    assert {t.diagnosis.id for t in result.tests} == {"not_implemented"}


def test_part_of_the_answers_gets_part_of_the_points(grade):
    result = grade(submission(mean="def mean(x):\n    return x.sum()"))
    assert points(result) == {"double-example": 1, "double-random": 2, "mean-random": 0}
    assert result.tests[2].message == "not the mean"


def test_a_hidden_test_keeps_its_secret(grade):
    result = grade(submission(double="def double(x):\n    return x if x[0] != 1 else 2 * x"))
    failed = result.tests[1]
    assert failed.score == 0
    assert "SECRET" not in json.dumps(result.to_dict())
    assert "not shown" in failed.message


def test_the_same_seed_gives_the_same_result_and_results_survive_json(grade):
    data = submission(mean="def mean(x):\n    return x[0]")
    result = grade(data, 7)
    assert result == grade(data, 7)
    assert Result.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_the_seed_reaches_the_tests(grade):
    """A student that learnt the inputs of one seed by heart fails on another."""
    learnt = grade(submission(double="def double(x):\n    print(list(x))\n    return 2 * x"), 1)
    assert learnt.score == 4
    from cs231n_lib.course.checks import seeds

    seeds.set_seed(1)
    first = seeds.rng("double").normal(size=5)[0]
    cheat = f"def double(x):\n    return 2 * x if x[0] in (1, {first!r}) else None"
    assert grade(submission(double=cheat), 1).score == 4
    assert grade(submission(double=cheat), 2).score == 2


@pytest.mark.parametrize(
    "noise",
    [
        "import sys, warnings\nprint('hello', file=sys.stderr)\nwarnings.warn('oh')",
        "%matplotlib inline\n!pip install numpy",
        "%%time\nx = 1",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "from tqdm import tqdm\nfor _ in tqdm(range(3)): pass",
        "get_ipython().run_line_magic('matplotlib', 'inline')\ndisplay(1)",
        "%timeit 1 + 1\nnp.mean?\nfiles = !ls",
    ],
)
def test_noise_costs_nothing(grade, noise):
    answer = f"{noise}\n{ANSWERS['mean']}".replace("np.mean?", "?np.mean")
    result = grade(submission(mean=answer, extra=[noise]))
    assert result.score == 4, [t.message for t in result.tests]


def test_a_percent_sign_in_a_string_is_no_magic(grade):
    answer = ANSWERS["mean"].replace("return", 'text = """\n%matplotlib\n"""\n    return')
    assert grade(submission(mean=f"%matplotlib inline\n{answer}")).score == 4


def test_an_end_of_file_in_an_answer_is_an_error_like_others(grade):
    result = grade(submission(double="def double(x):\n    raise EOFError('no more')"))
    assert points(result)["mean-random"] == 1
    assert "EOFError: no more" in result.tests[0].message
    assert "EOFError" in grade(submission(double="raise EOFError")).cells["double"].error


def test_an_error_in_one_cell_leaves_the_others(grade):
    result = grade(submission(double="def double(x:\n    pass"))
    assert points(result)["mean-random"] == 1
    assert "SyntaxError" in result.tests[0].message


def test_a_cell_that_kills_its_process_leaves_the_others(grade):
    result = grade(submission(double="import os\nos._exit(0)"))
    assert points(result)["mean-random"] == 1
    assert "ended its own process" in result.cells["double"].error


def test_a_call_that_kills_its_process_leaves_the_other_tests(grade):
    result = grade(submission(double="import os\ndef double(x):\n    os._exit(0)"))
    assert points(result) == {"double-example": 0, "double-random": 0, "mean-random": 1}
    assert "ended its own process" in result.tests[0].message


def test_an_endless_call_costs_its_own_test_only(make_sandbox, master):
    walls = make_sandbox(call=0.5)
    grader = Grader(master, walls.worker, walls.limits)
    result = grader.grade(submission(double="def double(x):\n    while True: pass"), 1)
    assert points(result)["mean-random"] == 1
    assert "time limit" in result.tests[0].message


def test_the_whole_submission_has_a_deadline(make_sandbox, master):
    walls = make_sandbox(call=5.0, wall=1.5)
    grader = Grader(master, walls.worker, walls.limits)
    result = grader.grade(submission(double="import time\ntime.sleep(60)"), 1)
    assert result.score == 0
    assert "used up" in result.tests[-1].message


def test_what_the_assignment_runs_itself_is_not_charged_to_who_left_it_no_time(make_sandbox):
    content = notebook({**ANSWERS, "double": "import os, time\ntime.sleep(1.5)\nos._exit(3)"})
    content["cells"][1]["source"] = "import time\ntime.sleep(1.0)"
    master = read_master(to_bytes(content), "tiny")
    walls = make_sandbox(call=2.0, wall=2.0)
    result = Grader(master, walls.worker, walls.limits).grade(to_bytes(content), 1)
    assert points(result)["mean-random"] == 1


def test_names_of_the_judge_cannot_be_taken(grade):
    evil = f"{ANSWERS['double']}\nclass np: all = lambda *a: True\nchecks = np\nbool = lambda x: 1"
    result = grade(submission(double=evil, mean="def mean(x):\n    return 0"))
    assert points(result) == {"double-example": 1, "double-random": 2, "mean-random": 0}


def test_the_tests_of_a_submission_are_ignored(grade):
    content = notebook({"double": "x = 1", "mean": "y = 1"})
    for c in content["cells"]:
        c["metadata"].get("nbgrader", {}).update(points=100)
        if c["metadata"].get("nbgrader", {}).get("locked"):
            c["source"] = "pass"
    result = grade(to_bytes(content))
    assert (result.score, result.points) == (0, 4)


def change(**by_id):
    """Return a right submission with cells replaced by what ``by_id`` makes of them."""
    content = notebook()
    cells = []
    for c in content["cells"]:
        name = c["metadata"].get("nbgrader", {}).get("grade_id")
        cells += by_id[name](c) if name in by_id else [c]
    return to_bytes({**content, "cells": cells})


def test_a_missing_answer_loses_its_points_only_and_is_named(grade):
    result = grade(change(mean=lambda c: []))
    assert result.score == 3
    assert "the answer cell mean is missing" in result.notes


def test_doubled_answers_run_in_their_order(grade):
    stub = cell(STUB["mean"], grade_id="mean", solution=True)
    assert grade(change(mean=lambda c: [stub, c])).score == 4
    assert grade(change(mean=lambda c: [c, stub])).score == 3
    assert any("2 cells are called mean" in n for n in grade(change(mean=lambda c: [c, c])).notes)


def test_cells_of_the_students_own_are_looked_at_as_far_as_there_is_room(grade, monkeypatch):
    own = ["def quiet():\n    sys.settrace(None)", "def last():\n    sys.settrace(None)"]
    assert [n.partition(" names ")[2][:8] for n in grade(submission(own)).notes] == ["settrace"] * 2
    monkeypatch.setattr("cs231n_lib.course.judge.grader.MAX_ANSWERS", 160)
    first, last = grade(submission(own)).notes
    assert "names settrace" in first
    assert "too long" in last


def test_a_retyped_answer_still_counts(grade):
    result = grade(change(mean=lambda c: [{**c, "cell_type": "markdown"}]))
    assert result.score == 4
    assert any("markdown" in n for n in result.notes)


def test_helpers_may_live_in_cells_of_their_own(grade):
    helper = "from math import fsum\ndef total(x):\n    return fsum(x)\nraise SystemExit"
    answer = "def mean(x):\n    return total(x) / len(x)"
    assert grade(submission(mean=answer, extra=[helper])).score == 4


def test_a_notebook_that_lost_its_metadata_is_still_understood(grade):
    cells = [cell(source) for source in ANSWERS.values()]
    assert grade(to_bytes({**notebook(), "cells": cells})).score == 4


def test_another_notebook_is_a_student_fault(grade):
    result = grade(to_bytes({**notebook(), "cells": [cell("print('hello')")]}))
    assert result.outcome == "student fault"
    assert "none of the answer cells" in result.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04...", "zip"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"{\x80}", "UTF-8"),
        (submission()[:-40], "broken"),
        (b"[" * 100_000, "broken"),
        (b"[1]", "not a notebook"),
        (to_bytes({**notebook(), "nbformat": 3}), "format 3"),
        (to_bytes({**notebook(), "cells": {}}), "no list of cells"),
        (to_bytes({**notebook(), "cells": [1]}), "no type"),
        (b" " * (65 * 2**20) + b"{}", "MiB"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_no_notebook_is_a_student_fault_with_a_reason(grade, data, reason):
    result = grade(data)
    assert (result.outcome, result.score) == ("student fault", 0)
    assert reason in result.reason
    assert all(reason in t.message for t in result.tests)


def test_a_machine_that_fails_is_nobodys_zero(master):
    def broken(patience):
        raise InfrastructureError("no walls today")

    grader = Grader(master, broken, Limits())
    with pytest.raises(InfrastructureError):
        grader.grade(submission(), 1)


def test_a_sandbox_that_is_killed_is_nobodys_zero(make_sandbox, master):
    walls = make_sandbox()

    def doomed(patience):
        worker = walls.worker(patience)
        walls.process.kill()
        # On a busy machine what is inside may live on for a moment, and give an answer.
        assert select.select([worker.reader], [], [], 30)[0], "the worker outlived its walls"
        return worker

    with pytest.raises(InfrastructureError, match="sandbox died"):
        Grader(master, doomed, walls.limits).grade(submission(), 1)


def test_a_master_with_two_cells_of_one_name_is_refused():
    content = notebook()
    content["cells"] += content["cells"][-1:]
    with pytest.raises(UserError, match="several cells called why"):
        read_master(to_bytes(content), "tiny")


@pytest.mark.parametrize("limit", dataclasses.fields(Limits), ids=lambda f: f.name)
def test_the_master_sets_each_limit(limit):
    settings = {"limits": {limit.name: 7}}
    master = read_master(to_bytes(notebook(settings=settings)), "tiny")
    assert rules.limits_of(master) == dataclasses.replace(Limits(), **{limit.name: 7})


@pytest.mark.parametrize("limits", [{"ram": 1}, {"cpu": "2"}, {"cpu": 0}, {"cpu": True}, [1], 3])
def test_a_limit_that_is_none_is_told_in_words(limits):
    master = read_master(to_bytes(notebook(settings={"limits": limits})), "tiny")
    with pytest.raises(UserError, match="There are memory, cpu, wall"):
        rules.limits_of(master)


def test_the_master_opens_modules():
    master = read_master(to_bytes(notebook(settings={"allow": ["sklearn"]})), "tiny")
    assert "sklearn" not in rules.blocked_by(master)
    assert "cs231n_lib.neighbors" in rules.blocked_by(master)
    assert "cs231n_lib.data" not in rules.blocked_by(master)


def test_without_its_hidden_part_a_test_is_what_students_see(master):
    visible = {t.name: t.source for t in master.visible().tests}
    assert "HIDDEN" not in "".join(visible.values())
    assert "checks.call(mean" in visible["mean-random"]


def test_any_json_is_a_notebook_or_damaged(master):
    for value in (None, 1, "x", [], {}, {"nbformat": 4}, {"nbformat": True, "cells": []},
                  {"nbformat": 4, "cells": [{"cell_type": 1, "source": ""}]},
                  {"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}):  # fmt: skip
        with pytest.raises(Damaged):
            answers.take_answers(json.dumps(value).encode(), master)
