"""No attack gains a point, reads a secret, harms the machine or touches the next submission."""

import importlib
import json

import pytest

from cs231n_lib.course import checkout
from tests.grader.adversarial.suite import ATTACKS
from tests.grader.adversarial.trial import Arena, summary

ROOT = checkout.root()

pytestmark = pytest.mark.usefixtures("needs_walls")


@pytest.fixture(scope="module")
def arenas(needs_walls, library, tmp_path_factory):
    """Return a function that gives the sandbox in which an assignment is attacked."""
    known = {}

    def of(assignment):
        if assignment not in known:
            folder = tmp_path_factory.mktemp(assignment)
            known[assignment] = Arena(folder, library.parent, assignment)
        return known[assignment]

    yield of
    for arena in known.values():
        arena.close()


@pytest.fixture
def arena(arenas):
    return arenas("tiny")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "-"))
def test_the_attack_gets_what_it_deserves(arenas, attack):
    row = arenas(attack.assignment).face(attack)
    assert row.ok, row.problems


def test_there_are_enough_and_each_has_its_own_name():
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 370
    assert len({attack.kind for attack in ATTACKS}) >= 15
    assert {"tiny", "a1", "a2", "a3", "a4", "a5"} == {attack.assignment for attack in ATTACKS}


def test_the_guide_tells_what_is_on_record():
    rows = json.loads((ROOT / "benchmarks" / "results" / "adversarial.json").read_text())
    guide = (ROOT / "book" / "teaching" / "grading.md").read_text()
    assert "\n".join(summary(rows)) in guide
    assert {row["name"] for row in rows} == {attack.name for attack in ATTACKS}
    assert all(row["ok"] for row in rows)


def test_the_command_writes_the_record_and_its_table_in_the_guide(tmp_path, monkeypatch):
    command = importlib.import_module("tests.grader.adversarial.__main__")
    rows = json.loads(command.RECORD.read_text())
    guide = command.GUIDE.read_text()
    old, new = tmp_path / "guide.md", tmp_path / "record.json"
    first, *_, last = summary(rows)
    begin, end = guide.index(first), guide.index(last)
    old.write_text(f"{guide[:begin]}{first}\n| old |\n| **all** | 1 |{guide[end + len(last) :]}")
    monkeypatch.setattr(command, "GUIDE", old)
    new.write_text(json.dumps([{**row, "score": -1} for row in rows[:9]]))
    monkeypatch.setattr(command, "RECORD", new)
    command.record(rows[1:])
    found = json.loads(new.read_text())
    assert (found[0]["score"], found[1:]) == (-1, rows[1:])
    command.record(rows[:1])
    assert json.loads(new.read_text()) == rows
    assert old.read_text() == guide


def test_the_trial_sees_an_undeserved_point(arena):
    """A check of the check: right answers, said to deserve nothing, must be noticed."""
    from dataclasses import replace

    right = next(a for a in ATTACKS if a.name == "right answers")
    assert "4.0 points in place of 0" in arena.face(replace(right, score=0)).problems


def test_the_trial_sees_a_leak_and_a_changed_file(arena):
    from tests.grader.adversarial.attacks import hostile

    assert not arena.face(hostile("leaky", "x", "print('LEAK')")).ok
    stray = arena.canary / "stray"
    stray.write_text("x")
    try:
        assert "files outside changed" in arena.face(hostile("quiet", "x", "pass")).problems
    finally:
        stray.unlink()
