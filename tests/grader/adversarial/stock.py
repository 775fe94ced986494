"""The same attacks on nbgrader's own autograder, for the record.

Nothing stands between an attack and the account that runs stock nbgrader: one of them writes a
start-up file into ``site-packages``. So all of it happens in a bubblewrap sandbox of its own, in
which one folder can be written; what would bring the machine down is left out even there.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path

from tests.grader.adversarial.trial import make_canary
from tests.grader.notebooks import notebook, to_bytes

CONFIG = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = "stock"
c.Execute.timeout = 10
c.Execute.interrupt_on_timeout = False
"""


def stock_scores(folder):
    """Return what stock nbgrader gives: name -> points, None where it gave no grade."""
    walls = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/",
             "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", str(folder),
             str(folder), "--setenv", "HOME", str(folder)]  # fmt: skip
    command = [sys.executable, "-m", "tests.grader.adversarial.stock", str(folder)]
    root = Path(__file__).parents[3]
    subprocess.run([*walls, *command], cwd=root, check=True, stderr=subprocess.DEVNULL)
    return json.loads((folder / "scores.json").read_text())


def _grade(attacks, folder):
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.apps import NbGraderAPI
    from traitlets.config.loader import PyFileConfigLoader

    from cs231n_lib.course.release import course_config

    canary = folder / "canary"
    canary.mkdir()
    make_canary(canary)
    (folder / "source" / "tiny").mkdir(parents=True)
    (folder / "source" / "tiny" / "tiny.ipynb").write_bytes(to_bytes(notebook()))
    (folder / "nbgrader_config.py").write_text(CONFIG.format(root=str(folder)))
    course_config(folder)  # puts alembic on the path
    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    logging.disable(logging.CRITICAL)
    api = NbGraderAPI(config=config)
    api.generate_assignment("tiny", force=True, create=True)
    scores = {}
    for number, attack in enumerate(a for a in attacks if a.stock):
        student = f"student{number}"
        path = Path(folder, "submitted", student, "tiny", "tiny.ipynb")
        path.parent.mkdir(parents=True)
        path.write_bytes(attack.data.replace(b"CANARY/", f"{canary}/".encode()))
        done = api.autograde("tiny", student, force=True, create=True)
        scores[attack.name] = None
        with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
            try:
                if done["success"]:
                    scores[attack.name] = gradebook.find_submission("tiny", student).score
            except MissingEntry:
                pass
    logging.disable(logging.NOTSET)
    return scores


if __name__ == "__main__":
    from tests.grader.adversarial.attacks import ATTACKS

    here = Path(sys.argv[1])
    (here / "scores.json").write_text(json.dumps(_grade(ATTACKS, here)))
