"""The same attacks on nbgrader's own autograder, for the record.

Nothing stands between an attack and the account that runs stock nbgrader: one of them writes a
start-up file into ``site-packages``. So all of it happens in a bubblewrap sandbox of its own, in
which one folder can be written; what would bring the machine down is left out even there.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

from tests.course.notebooks import notebook, to_bytes
from tests.grader.adversarial.trial import make_canary

SECONDS = 90
CONFIG = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = "stock"
c.Execute.timeout = 10
c.Execute.interrupt_on_timeout = False
"""


def stock_scores(attacks, folder):
    """Return what stock nbgrader gives: name -> points, None where it gave no grade in time."""
    template = folder / "template"
    (template / "source" / "tiny").mkdir(parents=True)
    (template / "source" / "tiny" / "tiny.ipynb").write_bytes(to_bytes(notebook()))
    (template / "canary").mkdir()
    make_canary(template / "canary")
    _in_sandbox(template, "prepare", 300)
    scores = {}
    for number, attack in enumerate(a for a in attacks if a.stock):
        home = folder / f"attack{number}"
        shutil.copytree(template, home)
        path = home / "submitted" / "student" / "tiny" / "tiny.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(attack.data.replace(b"CANARY/", f"{home}/canary/".encode()))
        _in_sandbox(home, "autograde", SECONDS)
        result = home / "score.json"
        scores[attack.name] = json.loads(result.read_text()) if result.exists() else None
        shutil.rmtree(home, ignore_errors=True)
    return scores


def _in_sandbox(folder, step, seconds):
    # nbgrader calls `alembic` by name when it makes a gradebook.
    programs = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    walls = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/",
             "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", str(folder),
             str(folder), "--setenv", "HOME", str(folder),
             "--setenv", "PATH", programs]  # fmt: skip
    command = [sys.executable, "-m", "tests.grader.adversarial.stock", step, str(folder)]
    with suppress(subprocess.TimeoutExpired):
        subprocess.run([*walls, *command], cwd=Path(__file__).parents[3], check=False,
                       timeout=seconds, capture_output=True)  # fmt: skip


def main(step, folder):
    """Inside the sandbox: record the assignment in a gradebook, or grade the one submission."""
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.apps import NbGraderAPI
    from traitlets.config.loader import PyFileConfigLoader

    (folder / "nbgrader_config.py").write_text(CONFIG.format(root=str(folder)))
    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    logging.disable(logging.CRITICAL)
    api = NbGraderAPI(config=config)
    if step == "prepare":
        api.generate_assignment("tiny", force=True, create=True)
        return
    done = api.autograde("tiny", "student", force=True, create=True)
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook, suppress(MissingEntry):
        score = gradebook.find_submission("tiny", "student").score
        (folder / "score.json").write_text(json.dumps(score if done["success"] else None))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
