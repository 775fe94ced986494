"""The instructor's guide is run: every command on the page, in its order, from an empty folder."""

import json
import re
import shlex
import zipfile

import pytest
from typer.testing import CliRunner

from cs231n_lib.course import checkout
from cs231n_lib.course.authoring.founding import SKELETON
from cs231n_lib.course.cli import app

PAGE = (checkout.root() / "book" / "teaching" / "course.md").read_text()
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, flags=re.M | re.S)
    for line in block.splitlines()
]
SUM = 'def moving_average(x, width):\n    return np.convolve(x, np.ones(width), mode="valid")'


def hand_in(course, folder):
    """Write what three students hand in: a right answer, sums in place of means, nothing done."""
    release = json.loads((course / "exercises" / "a6" / "a6.ipynb").read_text())
    master = json.loads((course / "solutions" / "a6" / "a6.ipynb").read_text())
    (right,) = (c["source"] for c in master["cells"] if c["id"] == "moving_average")
    (cell,) = (c for c in release["cells"] if c.get("id") == "moving_average")
    with zipfile.ZipFile(folder / "download.zip", "w") as archive:
        for student, answer in (("anne", right), ("bela", SUM), ("carl", cell["source"])):
            cell["source"] = answer
            archive.writestr(f"{student}/a6.ipynb", json.dumps(release))
    (folder / "a6.ipynb").write_text(json.dumps(release))


@pytest.mark.slow
def test_every_command_of_the_guide_works_in_its_order(tmp_path, monkeypatch, needs_walls):
    monkeypatch.chdir(tmp_path)
    (roster,) = re.findall(r":caption: roster\.csv\n(.*?)^```", PAGE, flags=re.M | re.S)
    (tmp_path / "roster.csv").write_text(roster)
    run = CliRunner()
    for program, *arguments in COMMANDS:
        if program == "cd":
            monkeypatch.chdir(tmp_path / arguments[0])
            continue
        assert program == "cs231n"
        if arguments[0] == "collect":
            released = run.invoke(app, ["release", "a6"])
            assert released.exit_code == 0, released.output
            hand_in(tmp_path / "vision", tmp_path)
        done = run.invoke(app, arguments)
        assert done.exit_code == 0, (arguments, done.output, done.exception)
        if arguments[0] == "export":
            grades = (tmp_path / "vision" / "a6.csv").read_text()
            points = {row.split(",")[0]: row for row in grades.splitlines()}
            assert {"anne", "bela", "carl"} <= set(points)
            assert ",6" in points["anne"]
        if arguments[0] == "archive":
            assert not (tmp_path / "vision" / ".nbgrader" / "gradebook.db").exists()


def test_the_page_shows_the_skeleton_itself():
    shown = set(re.findall(r"authoring/skeleton/(\w+\.txt)", PAGE))
    assert shown == {path.name for path in SKELETON.iterdir()}


def test_every_command_of_the_group_is_on_the_page():
    from cs231n_lib.course.commands.course import app as group

    names = {c.name or c.callback.__name__ for c in group.registered_commands if not c.hidden}
    assert names == {words[2] for words in COMMANDS if words[:2] == ["cs231n", "course"]}
