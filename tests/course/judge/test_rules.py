"""What an assignment allows: each module can be opened, alone and with all that it needs."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import cs231n_lib
from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import rules
from cs231n_lib.course.judge.walls.library import build_library
from tests.course.notebooks import notebook, to_bytes

MODULES = rules.modules_of(Path(cs231n_lib.__file__).parent)


def blocked(*allow):
    data = to_bytes(notebook(settings={"allow": list(allow)}))
    return rules.blocked_by(read_master(data, "tiny"))


def imported(library, *names):
    """Import ``names`` from the library as a worker sees it; return what went wrong."""
    code = f"import sys; sys.path[:0] = [{str(library)!r}]; import {', '.join(names)}"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}; {code}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stderr.strip().rpartition("\n")[2]


def test_a_module_allowed_alone_can_be_imported(tmp_path):
    names = [name for name in MODULES if name != "cs231n_lib"]
    assert len(names) > 40

    libraries = [build_library(tmp_path, blocked(name)) for name in names]
    with ThreadPoolExecutor(2) as threads:
        said = threads.map(imported, libraries, names)
        wrong = {name: words for name, words in zip(names, said, strict=True) if words}
    assert not wrong


def test_what_is_not_allowed_is_not_there(tmp_path):
    library = build_library(tmp_path, blocked("cs231n_lib.layers.affine"))
    there = {p.relative_to(library / "cs231n_lib").as_posix() for p in library.rglob("*.py")}
    assert "layers/affine.py" in there
    assert "layers/dropout.py" not in there
    assert "losses.py" not in there
    assert not [name for name in there if name.startswith("layers/conv")]
    assert {name for name in there if name.startswith("course/")} >= {"course/inside/worker.py"}
    assert not [n for n in there if n.startswith("course/") and n[7:13] not in ("inside", "__init")]


def test_a_package_opens_with_what_it_holds():
    closed = blocked("cs231n_lib.layers")
    assert not [name for name in closed if name.startswith("cs231n_lib.layers")]
    assert "cs231n_lib.losses" in closed


@pytest.mark.parametrize("allow", [["cs231n_lib.nonsense"], ["numpy"], ["losses"]])
def test_what_there_is_not_is_refused_with_what_there_is(allow):
    with pytest.raises(UserError, match=r"which there is not\. There are: .*cs231n_lib\.layers"):
        blocked(*allow)


@pytest.mark.parametrize("allow", ["cs231n_lib.layers", {"a": 1}, [1]])
def test_allow_has_to_be_a_list_of_names(allow):
    data = to_bytes(notebook(settings={"allow": allow}))
    with pytest.raises(UserError, match="a list of modules"):
        rules.blocked_by(read_master(data, "tiny"))
