"""One of our assignments, changed by a course when students have begun: answers and grades stay."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.cli import app

RAISED = "compute_distances_two_loops-values"  # 3 points, now 5
HIDDEN = """\
# Neither an empty answer nor a table of results passes.
from cs231n_lib.course import checks

### BEGIN HIDDEN TESTS
X = checks.rng("added").normal(size=(3, 2))
dists = checks.call(compute_distances_two_loops, X, X)
checks.require(np.allclose(np.diag(dists), 0), "a point is at distance 0 from itself.")
### END HIDDEN TESTS
"""


def named(notebook):
    """Return the cells of a notebook that have a name, by it."""
    cells = (c for c in notebook["cells"] if "nbgrader" in c["metadata"])
    return {c["metadata"]["nbgrader"]["grade_id"]: c for c in cells}


def change(path):
    """Give one test more points, add a hidden one, take an exercise out."""
    master = json.loads(path.read_text())
    cells = named(master)
    cells[RAISED]["metadata"]["nbgrader"]["points"] = 5
    added = json.loads(json.dumps(cells[RAISED]))
    added |= {"id": "added", "source": HIDDEN}
    added["metadata"]["nbgrader"] |= {"grade_id": "compute_distances_two_loops-added", "points": 1}
    place = master["cells"].index(cells[RAISED])
    master["cells"].insert(place + 1, added)
    gone = [cell for name, cell in cells.items() if name.startswith("cross_validate")]
    master["cells"] = [cell for cell in master["cells"] if cell not in gone]
    path.write_text(json.dumps(master))


def score(output):
    (row,) = csv.DictReader(io.StringIO(output.read_text("utf-8-sig")))
    return float(row["score"]), float(row["max_score"])


@pytest.mark.slow
def test_a_changed_assignment_of_ours_reaches_students_who_have_begun(
    tmp_path, monkeypatch, needs_walls
):
    monkeypatch.chdir(tmp_path)

    def run(*words, status=0):
        done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
        assert done.exit_code == status, (words, done.output, done.exception)
        return " ".join(done.output.split())

    run("course", "new", "vision", "--assignments", "a1")
    monkeypatch.chdir(tmp_path / "vision")
    run("release", "a1")
    released, master = (tmp_path / "vision" / d / "a1" / "a1.ipynb" for d in
                        ("exercises", "solutions"))  # fmt: skip
    answers = named(json.loads(master.read_text()))
    begun = json.loads(released.read_text())
    for name in ("compute_distances_two_loops", "cross_validate"):
        named(begun)[name]["source"] = answers[name]["source"]
    mine = tmp_path / "anne" / "a1.ipynb"
    mine.parent.mkdir()
    mine.write_text(json.dumps(begun))
    assert "as your course has made them" not in run("check", str(mine), status=1)
    run("collect", "a1", str(mine), "--student", "anne")
    run("grade", "a1", "--yes", "-n", "1")
    run("export", "a1", "--partial", "-o", "before.csv")
    assert score(tmp_path / "vision" / "before.csv") == (12, 50)

    change(master)
    said = run("grade", "a1", "--yes", "-n", "1")
    assert "added: compute_distances_two_loops-added" in said
    assert "removed: cross_validate" in said
    run("export", "a1", "--partial", "-o", "after.csv")
    assert score(tmp_path / "vision" / "after.csv") == (9, 47)

    run("release", "a1")
    updated = run("update", str(mine), str(released))
    assert "cross_validate" in updated
    now = json.loads(mine.read_text())
    assert (
        named(now)["compute_distances_two_loops"]["source"]
        == (named(begun)["compute_distances_two_loops"]["source"])
    )
    assert named(now)[RAISED]["metadata"]["nbgrader"]["points"] == 5
    assert "cross_validate" not in named(now)
    kept = [cell for cell in now["cells"] if "def cross_validate" in "".join(cell["source"])]
    assert len(kept) == 1
    checked = run("check", str(mine), status=1)
    assert "the tests are those in your notebook, as your course has made them" in checked
    assert "8 of 36 points by the visible tests" in checked
    run("collect", "a1", str(mine), "--student", "anne")
    run("grade", "a1", "--yes", "-n", "1")
    run("export", "a1", "--partial", "-o", "again.csv")
    assert score(tmp_path / "vision" / "again.csv") == (9, 47)
