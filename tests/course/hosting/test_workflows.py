"""The workflows of students' repositories, run as a whole: a clone, all steps, the exit status.

A small runner stands in for GitHub's and GitLab's. It reads the file as they do, in a fresh clone,
with the variables that they set; the wheel is installed by pip, its dependencies are those here.
"""

import json
import os
import shutil
import subprocess
import sysconfig
import venv
from importlib import metadata

import pytest
import yaml

from cs231n_lib.course import checkout
from cs231n_lib.course.classroom.founding import begin
from cs231n_lib.course.hosting import recipes

KINDS = ("github", "gitlab")


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """The environment of a runner's machine: a Python with pip, and nothing of the package."""
    # The packages around it, pip among them, are found by a path: to unpack another takes seconds.
    lacks_pip = not any(metadata.distributions(name="pip"))
    if lacks_pip:
        pytest.importorskip("ensurepip")
    folder = tmp_path_factory.mktemp("machine")
    venv.create(folder / "python", with_pip=lacks_pip)
    (site,) = (folder / "python").glob("lib/python*/site-packages")
    (site / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (folder / "home").mkdir()
    return {
        "PATH": f"{folder}/python/bin:{os.environ['PATH']}", "HOME": f"{folder}/home", "CI": "true",
        # No index is asked, and what is installed around this venv does not count.
        "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_IGNORE_INSTALLED": "1",
        "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }  # fmt: skip


@pytest.fixture
def push(tmp_path, wheel, machine):
    """Return a function that commits notebooks to a repository and has its workflow run."""

    def run(kind, notebooks):
        course = begin(tmp_path / "vision", assignments=("a1", "a2"))
        repository = tmp_path / "repository"
        recipes.write(kind, repository, course)
        shutil.copy(wheel, repository)
        for place, content in notebooks.items():
            (repository / place).parent.mkdir(exist_ok=True)
            (repository / place).write_text(content)
        who = ["-c", "user.name=Anne", "-c", "user.email=anne@example.edu"]
        for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "my work"]):
            subprocess.run(["git", *words], cwd=repository, check=True)
        clone = tmp_path / "clone"
        subprocess.run(["git", "clone", "-q", repository, clone], check=True)
        return {"github": on_github, "gitlab": on_gitlab}[kind](clone, machine)

    return run


def on_github(clone, machine):
    """Run the steps of the one job, each by a bash of its own, up to the first that fails."""
    # YAML 1.1 reads the key `on` as true.
    workflow = yaml.safe_load((clone / ".github" / "workflows" / "check.yml").read_text())
    assert workflow[True] == ["push"]
    (job,) = workflow["jobs"].values()
    env = {**machine, "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(clone),
           "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main"}  # fmt: skip
    used = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    assert used == ["actions/checkout", "actions/setup-python"]  # the clone, and the machine
    for step in (step for step in job["steps"] if "run" in step):
        done = shell(["bash", "-e", "-c", step["run"]], clone, env)
        if done.returncode != 0:
            break
    return done


def on_gitlab(clone, machine):
    """Run the script of the one job as GitLab does: by one shell, which ends with an error."""
    script = yaml.safe_load((clone / ".gitlab-ci.yml").read_text())["check"]["script"]
    env = {**machine, "GITLAB_CI": "true", "CI_PROJECT_DIR": str(clone)}
    return shell(["sh", "-e", "-c", "\n".join(script)], clone, env)


def shell(command, folder, env):
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def released(assignment):
    folder = checkout.material() / "exercises" / assignment
    return (folder / f"{assignment}.ipynb").read_text()


def solved(assignment, exercise):
    """Return a release with the model answer of one exercise, as a student would hand it in."""
    model = json.loads(
        (checkout.material() / "solutions" / assignment / f"{assignment}.ipynb").read_text()
    )
    content = json.loads(released(assignment))
    answers = {c["metadata"].get("nbgrader", {}).get("grade_id"): c for c in model["cells"]}
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == exercise:
            cell["source"] = answers[exercise]["source"]
    return json.dumps(content)


@pytest.mark.parametrize("kind", KINDS)
def test_right_work_passes_wherever_it_was_unpacked(push, kind):
    model = (checkout.material() / "solutions" / "a1" / "a1.ipynb").read_text()
    done = push(kind, {"a1/a1.ipynb": model})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "40 of 40 points by the visible tests" in done.stdout
    assert "a2" not in done.stdout  # which has not been handed out yet


@pytest.mark.parametrize("kind", KINDS)
def test_every_notebook_is_checked_whatever_the_others_say(push, kind):
    done = push(kind, {
        "a1.ipynb": solved("a1", "compute_distances_l1"), "a2.ipynb": released("a2"),
    })  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "compute_distances_l1: all 3 checks passed" in done.stdout
    assert "4 of 40 points by the visible tests" in done.stdout
    assert "0 of 62 points by the visible tests" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_repository_without_a_notebook_is_no_success(push, kind):
    done = push(kind, {})
    assert done.returncode == 1, done.stdout + done.stderr
    assert "There is no notebook to check here: a1 a2" in done.stdout
