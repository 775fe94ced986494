"""What a student's check says, and how soon: one exercise, all of them, again after each save."""

import json

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.assignment.notebook import read_cells
from cs231n_lib.course.checkout import root
from cs231n_lib.course.cli import app
from cs231n_lib.course.commands import student
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.student import check, lean, places

RELEASE = root() / "exercises" / "a1" / "a1.ipynb"
RIGHT = """def predict_labels(dists, y_train, k=1):
    nearest = np.argsort(dists, axis=1)[:, :k]
    return np.array([np.argmax(np.bincount(y_train[row])) for row in nearest])"""
FAR = RIGHT.replace("dists, axis", "-dists, axis")


@pytest.fixture(autouse=True)
def own_places(monkeypatch, tmp_path):
    """Let each test have its own current folder and copies; the cache is the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CS231N_WORK_DIR", str(tmp_path / "work"))


def write(path, **answers):
    """Write a1 with some answers filled in; return its path."""
    content = json.loads(RELEASE.read_bytes())
    for cell in content["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell["source"] = answers[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def run(*arguments):
    # The result of the command, with what it wrote to both streams.
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_one_exercise_is_checked_alone(tmp_path):
    done = run("check", write(tmp_path / "a1.ipynb", predict_labels=RIGHT), "predict_labels")
    assert done.exit_code == 0, done.output
    assert "predict_labels: all 4 checks passed. 8 of 8 points." in done.output
    assert "compute_distances" not in done.output


def test_a_wrong_answer_is_named_in_full_with_a_way_on(tmp_path):
    path = write(tmp_path / "a1.ipynb", predict_labels=FAR)
    done = run("check", path, "predict_labels")
    assert done.exit_code == 1
    assert "failed: predict_labels-values" in done.output
    assert "Likely reason:" in done.output
    assert "A hint: cs231n hint a1 predict_labels" in done.output
    assert "Traceback" not in done.output


def test_a_notebook_is_found_by_the_name_of_its_assignment(tmp_path):
    write(tmp_path / "work" / "a1" / "a1.ipynb")
    assert places.find(places.Path("a1")) == tmp_path / "work" / "a1" / "a1.ipynb"
    write(tmp_path / "a1.ipynb")
    assert str(places.find(places.Path("a1"))) == "a1.ipynb"
    with pytest.raises(UserError, match=r"looked for a9.ipynb") as missing:
        places.find(places.Path("a9"))
    assert "cs231n lab" not in str(missing.value), "there is no such assignment to copy"
    assert "one of a1, a2" in str(missing.value)
    with pytest.raises(UserError, match=r"cs231n lab a2"):
        places.find(places.Path("a2"))


def test_a_folder_is_answered_by_the_notebooks_in_it(tmp_path):
    write(tmp_path / "term" / "mine.ipynb")
    for word in ("term", ""):
        with pytest.raises(UserError, match=rf"{tmp_path / word} is a folder: name the notebook"):
            places.find(places.Path(word))
    with pytest.raises(UserError, match=r"name the notebook, term.mine\.ipynb$"):
        places.find(places.Path("term"))


def test_of_a_damaged_notebook_earlier_states_are_named(tmp_path):
    path = tmp_path / "a2.ipynb"
    path.write_text("{")
    with pytest.raises(UserError, match=r"broken \(line 1\)\nTo begin anew: cs231n lab a2 --reset"):
        check.open_notebook(path)
    saved = write(tmp_path / ".ipynb_checkpoints" / "a2-checkpoint.ipynb")
    handed = [write(tmp_path / "submission" / "attempts" / f"a2-{n}.ipynb") for n in (1, 2)]
    with pytest.raises(UserError, match="earlier state") as told:
        check.open_notebook(path)
    assert f"An earlier state of it: {saved} and {handed[1]}\n" in str(told.value)


def test_an_unknown_exercise_lists_those_there_are(tmp_path):
    opened = check.open_notebook(write(tmp_path / "a1.ipynb"))
    with pytest.raises(UserError, match=r"Did you mean predict_labels\? There are: compute"):
        check.VisibleTests(opened, "predict_label")


def test_a_function_stands_for_its_exercise(tmp_path):
    path = tmp_path / "a3.ipynb"
    path.write_bytes((root() / "exercises" / "a3" / "a3.ipynb").read_bytes())
    assert check.open_notebook(path).exercises()["affine_backward"] == "affine"


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("    while True: pass", "a loop that never ends"),
        ("    input()", "input"),
        ("    import os; os._exit(0)", "os._exit()"),
        ("    return test_labels", "test_labels is defined in another cell"),
    ],
)
def test_what_only_the_judge_meets_is_explained(tmp_path, body, advice):
    source = f"def predict_labels(dists, y_train, k=1):\n{body}"
    opened = check.open_notebook(write(tmp_path / "a1.ipynb", predict_labels=source))
    with check.VisibleTests(opened, "predict_labels") as tests:
        tests.grader.limits = check.dataclasses.replace(tests.grader.limits, call=1.0)
        result = tests.run(opened)
    assert advice in result.tests[0].text
    if "while" in body:
        assert {t.message for t in result.tests[1:]} == {
            "not run: an earlier test of predict_labels took too long"
        }


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("import torch\n" + RIGHT, "torch is not available in this assignment"),
        (RIGHT.replace("for row in", "for row on"), "return np.array"),
        (RIGHT.replace("def predict", "def Predict"), "it defines Predict_labels"),
    ],
)
def test_one_cause_is_told_once_and_first(tmp_path, answer, cause):
    output = run("check", write(tmp_path / "a1.ipynb", predict_labels=answer), "predict_labels")
    lines = output.output.splitlines()
    first = lines.index("  failed: predict_labels-example")
    told = [n for n, line in enumerate(lines) if cause in line]
    assert len(told) == 1
    assert first < told[0] < first + 5
    assert sum("for the same reason" in line for line in lines) == 3


def test_one_reason_is_told_once_whatever_was_tried(tmp_path):
    answer = RIGHT.replace("np.argsort", "np.argsrt")
    output = run("check", write(tmp_path / "a1.ipynb", predict_labels=answer), "predict_labels")
    assert output.output.count("AttributeError") == 1
    assert output.output.count("for the same reason") == 3


def test_a_stub_that_is_still_reached_is_no_answer_that_was_not_begun(tmp_path):
    answer = f"{RIGHT.rpartition(chr(10))[0]}\n    raise NotImplementedError('to do')"
    output = run("check", write(tmp_path / "a1.ipynb", predict_labels=answer), "predict_labels")
    assert "`raise NotImplementedError` is still reached" in output.output
    assert "not attempted" not in output.output


def test_a_test_that_was_changed_is_told_and_one_with_other_blanks_is_not(tmp_path):
    edited = {f"predict_labels-{name}": "assert True" for name in ("values", "ties")}
    path = write(tmp_path / "a1.ipynb", **edited)
    assert "predict_labels-values (and 1 more) differs" in check.open_notebook(path).note
    content = json.loads(RELEASE.read_bytes())
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n") + "\r\n"
    path.write_text(json.dumps(content))
    assert check.open_notebook(path).note == ""


def test_a_cell_that_failed_beside_right_answers_is_told(tmp_path):
    path = write(tmp_path / "a1.ipynb", predict_labels=RIGHT + "\nraise ValueError('no')")
    done = run("check", path, "predict_labels")
    assert done.exit_code == 0
    assert "The cell predict_labels ended with ValueError: no" in done.output


def test_marks_that_were_lost_are_no_reason_not_to_check(tmp_path):
    path = write(tmp_path / "mine.ipynb", predict_labels=RIGHT)
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        cell["metadata"] = {}
    path.write_text(json.dumps(content))
    opened = check.open_notebook(path)
    assert opened.master.name == "a1"
    assert "lost the course's marks" in opened.note


def test_any_other_notebook_is_refused(tmp_path):
    path = tmp_path / "else.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    with pytest.raises(UserError, match="cs231n lab a1"):
        check.open_notebook(path)
    for merge in (
        '{"cells": [\n<<<<<<< HEAD\n=======\n>>>>>>> b\n]}',
        "<<<<<<< a\n{}\n>>>>>>> b\n",
    ):
        path.write_text(merge)
        with pytest.raises(UserError, match="merge"):
            check.open_notebook(path)
    path.write_text("{}", encoding="utf-16")
    with pytest.raises(UserError, match="UTF-16"):
        check.open_notebook(path)


def test_an_import_that_no_answer_uses_is_left_out_and_no_other(tmp_path):
    data = write(tmp_path / "a1.ipynb", predict_labels=RIGHT).read_bytes()
    sources = [c.source for c in read_cells(lean.lean(data)[0])[0]]
    assert not any("matplotlib" in source for source in sources)
    shown = RIGHT + "\n\ndef show(): plt.show()"
    data = write(tmp_path / "a1.ipynb", predict_labels=shown).read_bytes()
    assert any("matplotlib" in c.source for c in read_cells(lean.lean(data)[0])[0])


def test_it_is_checked_again_after_each_save(tmp_path, monkeypatch):
    path = write(tmp_path / "a1.ipynb", predict_labels=FAR)
    saves = [RIGHT, FAR]

    def saved(notebook):
        if not saves:
            raise KeyboardInterrupt
        write(notebook, predict_labels=saves.pop(0))

    monkeypatch.setattr(student, "_wait_for_a_save", saved)
    done = run("check", path, "predict_labels", "--watch")
    found = [line for line in done.output.splitlines() if "of 8 points by" in line]
    assert len(found) == 3
    assert found[1] == "8 of 8 points by the visible tests"
    assert found[0] == found[2] != found[1]


def test_a_save_is_noticed_also_when_the_file_is_replaced(tmp_path, monkeypatch):
    path, looks = tmp_path / "a1.ipynb", []
    path.write_text("before")

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 1:
            path.unlink()
        elif len(looks) == 2:
            path.write_text("after it")

    monkeypatch.setattr(student.time, "sleep", sleep)
    student._wait_for_a_save(path)
    assert len(looks) == 2


@pytest.fixture
def no_home(monkeypatch, tmp_path):
    """A machine where the cache cannot be written; return where it keeps what is temporary."""
    (tmp_path / "file").write_text("")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("CS231N_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(places.tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(places.getpass, "getuser", lambda: "anne")
    places.cache_folder.cache_clear()
    yield tmp_path / "tmp"
    places.cache_folder.cache_clear()


def test_a_home_that_cannot_be_written_is_no_mistake_and_nothing_is_made_twice(no_home):
    assert places.cache_folder() == no_home / "cs231n-anne"
    places.cache_folder.cache_clear()
    assert places.cache_folder() == no_home / "cs231n-anne"
    assert not list(places.cache_folder().iterdir())


def test_a_link_that_a_stranger_put_there_is_not_followed(no_home, monkeypatch):
    real = places.Path.lstat

    def strange(path):
        found = real(path)
        values = list(found)
        values[4] += path.name == "cs231n-anne"  # the owner
        return places.os.stat_result(values)

    monkeypatch.setattr(places.Path, "lstat", strange)
    assert places.cache_folder().name != "cs231n-anne"
    assert places.cache_folder().is_dir()
