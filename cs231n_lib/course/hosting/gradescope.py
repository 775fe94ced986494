"""A Gradescope autograder: a zip of the judge and one assignment, and what runs at Gradescope.

Gradescope unpacks the zip in ``source/``, runs ``setup.sh`` once as root, and ``run_autograder``
for each submission in a fresh container; that has to write ``results/results.json``. The package
is not installed there: it lies in ``source/``, which is root's alone, while what students' code may
import lies in a Python beside it. So the references are out of reach even without bubblewrap.
"""

import json
import secrets
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import cs231n_lib
from cs231n_lib.course.assignment.master import Master, read_master
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.classroom.incoming.archives import Budget, Download, Inner, inner_files
from cs231n_lib.course.classroom.incoming.hand_in import choose
from cs231n_lib.course.classroom.platforms.gradescope import TEXT
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.judge import pools, walls
from cs231n_lib.course.judge.batch import not_graded
from cs231n_lib.course.judge.result import GRADED, Fault, Result
from cs231n_lib.course.limits import MAX_HAND_IN_BYTES
from cs231n_lib.course.text import line, visible

#: The newest of these that the image has is taken: Ubuntu has one from 22.04 on.
SETUP = """\
#!/usr/bin/env bash
# Runs once, as root, when the image is built: a Python with what students' code may import.
set -eu
source=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$source")
apt-get update
apt-get install -y bubblewrap || echo "without bubblewrap: another user is the wall"
python=
for version in 3.13 3.12 3.11; do
  if apt-get install -y "python$version" "python$version-venv" ||
     { command -v "python$version" && apt-get install -y "python$version-venv"; }; then
    python=python$version
    break
  fi
done
if [ -z "$python" ]; then
  echo "There is no Python 3.11 to 3.13 for this image: choose Ubuntu 22.04 or a newer one" >&2
  exit 1
fi
"$python" -m venv "$root/python"
"$root/python/bin/python" -m pip install -r "$source/requirements.txt"
chmod 700 "$source"
"""
RUN = """\
#!/usr/bin/env bash
# Runs for each submission. What it prints is for the instructor; students see results.json.
set -eu
cd "$(dirname "$0")"
root=$PWD
mkdir -p results
chmod 700 source results
cd source
export PYTHONPATH=$root/source/package PYTHONDONTWRITEBYTECODE=1
exec "$root/python/bin/python" -P -m cs231n_lib.course course run-autograder "$root"
"""
#: Parts of the package that an autograder has no use for; the material holds all solutions.
LEFT_OUT = ("__pycache__", "material", "publishing")


def pack(course: Course, assignment: str, output: Path) -> Path:
    """Write the zip that Gradescope asks for under *Configure Autograder*.

    Parameters
    ----------
    course : Course
        Whose assignment.
    assignment : str
        Which.
    output : Path
        The zip file; one of an earlier version is replaced.

    Raises
    ------
    UserError
        If there is no such assignment, or it cannot be written.
    """
    master = course.master(assignment)
    files = {
        "setup.sh": SETUP.encode(),
        "run_autograder": RUN.encode(),
        "requirements.txt": _requirements(),
        "assignment.txt": assignment.encode(),
        "master.ipynb": master,
    }
    package = Path(cs231n_lib.__file__).parent
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        if path.is_file() and not any(part in LEFT_OUT for part in inside.parts):
            files[f"package/cs231n_lib/{inside.as_posix()}"] = path.read_bytes()
    with tempfile.TemporaryFile() as made:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                entry = zipfile.ZipInfo(name)
                executable = name in ("setup.sh", "run_autograder")
                entry.external_attr = (0o100755 if executable else 0o100644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
        made.seek(0)
        write_atomically(output, made.read())
    return output


def _requirements() -> bytes:
    """Return what grading takes of what the package's own metadata say, a line each."""
    from packaging.requirements import Requirement

    needs = [Requirement(text) for text in metadata.requires("cs231n_lib") or []]
    waiting, taken, found = ["", "cli"], set(), set()
    while waiting:
        extra = waiting.pop()
        taken.add(extra)
        for need in needs:
            if need.marker is not None and not need.marker.evaluate({"extra": extra}):
                continue
            if need.name.replace("-", "_") == "cs231n_lib":
                waiting += need.extras - taken
            else:
                found.add(f"{need.name}{need.specifier}")
    return "".join(f"{need}\n" for need in sorted(found)).encode()


def run(root: Path) -> Path:
    """Grade what lies in ``submission/`` below ``root``; write ``results/results.json``.

    Returns
    -------
    Path
        The results.

    Raises
    ------
    UserError
        If the machine cannot grade: there is no result then, and no zero.
    """
    source = root / "source"
    master_bytes = (source / "master.ipynb").read_bytes()
    master = read_master(master_bytes, (source / "assignment.txt").read_text().strip())
    data, reason, notes = _submission(root / "submission", master)
    kind = _wall()
    result: Result | Fault = not_graded(master, reason)
    if not reason:
        with tempfile.TemporaryDirectory() as folder:
            settings = pools.Settings(master_bytes, master.name, folder, kind)
            ((_, result),) = pools.make(settings, "", 1).grade({"": data}, secrets.randbits(63))
    if isinstance(result, Fault):
        raise UserError(f"not graded, which is no fault of the student's: {result.reason}")
    told = json.dumps(_results(result, master, notes, kind), indent=1)
    path = root / "results" / "results.json"
    write_atomically(path, told.encode())
    return path


def _submission(folder: Path, master: Master) -> tuple[bytes, str, list[str]]:
    """Return the notebook that was handed in, why there is none, and what was not looked at."""
    refused: list[tuple[str, str]] = []
    files: list[Inner] = []
    with Download(folder) as download:
        budget = Budget(MAX_HAND_IN_BYTES)
        for outer in download.files:
            files += inner_files(outer, budget, refused, outer.where)
        refused += download.refused
    choice = choose(files, master)
    return choice.data, choice.reason, [f"{line(name)}: {line(why)}" for name, why in refused]


def _wall() -> str:
    """Return the best wall that this machine has.

    Raises
    ------
    UserError
        If it has none.
    """
    reasons = {}
    for name in (walls.SAFE, walls.CONTAINED):
        reasons[name] = walls.kind(name).why_not()
        if not reasons[name]:
            return name
    told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    raise UserError(f"nothing here keeps students' code from the tests, so none is run. {told}")


def _results(result: Result, master: Master, notes: list[str], kind: str) -> dict[str, Any]:
    """Return the results in Gradescope's format; all text in it has been made safe to show."""
    tests = [
        {
            "number": str(number),
            "name": f"{t.name}: {t.title}",
            "score": t.score,
            "max_score": t.points,
            "status": "passed" if t.passed else "failed",
            "output": visible(t.text),
            "visibility": "visible",
        }
        for number, t in enumerate(result.tests, 1)
    ]
    said = [] if result.outcome == GRADED else [f"Nothing could be graded: {result.reason}"]
    if master.manual:
        by_hand = sum(master.manual.values())
        said.append(f"{by_hand:g} more points are for written answers, which a person grades.")
    return {
        "score": result.score,
        "output": visible("\n".join([*said, *result.notes, *notes])),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        **TEXT,
        "extra_data": {"seed": result.seed, "master": result.master, "walls": kind},
        "tests": tests,
    }
