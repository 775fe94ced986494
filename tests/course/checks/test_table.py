"""The gate: every sample and every mechanical mutant is judged as it should be, on one seed.

The long run is on record in ``benchmarks/results/table.json``.
"""

import dataclasses
import json
import warnings

import pytest

from cs231n_lib.course import checkout
from cs231n_lib.course.assignment.sources import assignments
from cs231n_lib.course.authoring.mutants import mutants
from cs231n_lib.course.authoring.samples import read_samples, unexplained
from tests.grader import table

SEEDS = 1
EXERCISES = table.everywhere()


@pytest.mark.parametrize(("assignment", "exercise"), EXERCISES)
def test_samples_are_judged_as_expected(assignment, exercise):
    results = table.verdicts(assignment, exercise, SEEDS, SEEDS)
    counts = table.row(exercise, results, SEEDS, SEEDS)
    assert counts["correct_total"] >= 6
    assert counts["wrong_total"] >= 15
    surprises = {v.sample.name: v.notes for v in results if v.notes}
    assert not surprises


@pytest.mark.parametrize(("assignment", "exercise"), EXERCISES)
def test_every_mutant_loses_points(assignment, exercise):
    path = table.SAMPLES / assignment / f"{exercise}.txt"
    names = dict(mutants(table.answers_of(assignment)[exercise]))
    assert len(names) >= 5
    with warnings.catch_warnings(), table.remembered():
        warnings.simplefilter("ignore")  # of the mutants' own syntax and arithmetic
        survivors = {
            name
            for name, code in names.items()
            if not table.grade(assignment, exercise, {exercise: code}, seed=1)
        }
    assert not unexplained(path, survivors)


def test_the_gate_can_go_red():
    assignment, exercise = EXERCISES[0]
    samples = read_samples(table.SAMPLES / assignment / f"{exercise}.txt")
    right = next(s for s in samples if s.correct)
    wrong = next(s for s in samples if s.diagnoses)
    called_wrong = dataclasses.replace(right, loses=wrong.loses)
    called_right = dataclasses.replace(wrong, loses=frozenset(), diagnoses=frozenset())
    misnamed = dataclasses.replace(wrong, diagnoses=frozenset({"something_else"}))
    samples = [right, wrong, called_wrong, called_right, misnamed]
    verdicts = table.judge(assignment, exercise, samples, 1, 1)
    assert [v.as_expected for v in verdicts] == [True, True, False, False, True]
    assert [v.named for v in verdicts] == [True, True, True, True, False]
    assert [bool(v.unnamed) for v in verdicts] == [False, False, False, False, True]


def test_rows_are_recorded_in_the_order_of_the_notebooks_and_told_by_the_guide(tmp_path):
    rows = json.loads((checkout.root() / table.RECORD).read_text())
    for name in (table.RECORD, table.GUIDE):
        (tmp_path / name).parent.mkdir(parents=True)
    gone = {**rows[0], "exercise": "a1/gone"}
    (tmp_path / table.RECORD).write_text(json.dumps([gone, *rows[1:]]))
    before = table.summary([gone, *rows[1:]])
    (tmp_path / table.GUIDE).write_text("\n".join(["before", *before, "after"]))
    late = {**rows[9], "wrong_total": rows[9]["wrong_total"] + 1}
    table.record([late, rows[0]], tmp_path)
    after = [late if row is rows[9] else row for row in rows]
    assert json.loads((tmp_path / table.RECORD).read_text()) == after
    told = (tmp_path / table.GUIDE).read_text().splitlines()
    assert told == ["before", *table.summary(after), "after"]
    assert told != ["before", *before, "after"]


def test_json_rows_have_the_documented_fields(capsys):
    assignment, exercise = EXERCISES[0]
    assert table.main([f"{assignment}/{exercise}", "--seeds", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [tuple(row) for row in rows] == [table.FIELDS]


def test_the_guide_tells_what_is_on_record():
    root = checkout.root()
    rows = json.loads((root / "benchmarks" / "results" / "table.json").read_text())
    guide = (root / "book" / "teaching" / "grading.md").read_text()
    assert "\n".join(table.summary(rows)) in guide
    assert {row["exercise"] for row in rows} == {"/".join(pair) for pair in EXERCISES}


def test_wilson_interval_holds_the_share_and_shrinks():
    low, high = table.wilson(9, 10)
    wide = high - low
    assert 0 < low < 0.9 < high < 1
    low, high = table.wilson(90, 100)
    assert low < 0.9 < high
    assert high - low < wide


def test_nearly_all_lost_tests_name_the_mistake():
    for assignment in assignments():
        files = (table.SAMPLES / assignment).glob("*.txt")
        wrong = [s for f in files for s in table.read_samples(f) if not s.correct]
        lost = sum(len(s.loses) for s in wrong)
        assert sum(len(s.unnamed) for s in wrong) <= 0.03 * lost, assignment
