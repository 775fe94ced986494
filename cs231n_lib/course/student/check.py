"""A student's view of the judge: the visible tests, on one's own machine."""

import json
import tempfile
from pathlib import Path
from typing import Any

from cs231n_lib.course.assignment import notebook
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.assignment.releases import release_of
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically
from cs231n_lib.course.judge import pools
from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.judge.result import GRADED, STUDENT_FAULT, Result

SEED = 0  # the visible tests draw what they draw in a notebook


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def check(path: Path) -> tuple[Result, str]:
    """Run the visible tests of a student's notebook.

    The tests are those of the release, where the package came with it; else those that stand
    in the notebook itself, and the second value says so.

    Raises
    ------
    UserError
        If there is no such file, or it has no tests.
    """
    data = _read(path)
    try:
        release = release_of(data)
    except notebook.Damaged as error:
        return Result(STUDENT_FAULT, SEED, "", "", reason=str(error)), ""
    name, master = release or (path.stem, data)
    note = "" if release else "the tests are those in your notebook; no release was found"
    if not read_master(master, name).tests:
        raise UserError(f"{path} has no graded tests: is it a notebook of this course?")
    with tempfile.TemporaryDirectory() as folder:
        settings = pools.Settings(master, name, folder, unsafe=True, visible_only=True)
        grader, stop = pools.make_grader(settings)
        try:
            return grader.grade(data, SEED), note
        except InfrastructureError as error:
            raise UserError(f"your code could not be run here: {error}") from None
        finally:
            stop()


def _without_outputs(data: bytes) -> bytes:
    content: dict[str, Any] = json.loads(data.decode("utf-8-sig"))
    for cell in content["cells"]:
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return (
        json.dumps(content, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
    )


def submit(path: Path, output: Path | None, force: bool) -> Path:
    """Check a notebook, then write the file to hand in: the notebook without its outputs.

    Raises
    ------
    UserError
        If the notebook cannot be graded, or a visible test fails and ``force`` is not given.
    """
    result, _ = check(path)
    if result.outcome != GRADED:
        raise UserError(f"{path} cannot be graded: {result.reason}")
    failed = [t.name for t in result.tests if not t.passed]
    if failed and not force:
        raise UserError(
            f"{len(failed)} of {len(result.tests)} visible tests fail ({', '.join(failed[:5])}"
            f"{', ...' if len(failed) > 5 else ''}).\n"
            f"See why: cs231n check {path}\nHand it in as it is: cs231n submit {path} --force"
        )
    target = output or path.with_name("submission") / path.name
    write_atomically(target, _without_outputs(_read(path)))
    return target
