"""What an assignment allows: each module can be opened, alone and with all that it needs."""

import json
import os
import subprocess
import sys
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


#: As a worker begins: in a copy of a process that has NumPy, with the library in front.
IMPORT = """
import json, os, sys
paths, wanted = json.load(sys.stdin)
sys.path += paths
import numpy

def said(library, name):
    read, write = os.pipe()
    if os.fork() == 0:
        words = "imported"
        try:
            sys.path.insert(0, library)
            __import__(name)
        except BaseException as error:
            words = f"{type(error).__name__}: {error}"
        os.write(write, words.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        words = pipe.read()
    os.wait()
    return words

print(json.dumps([said(*each) for each in wanted]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_module_allowed_alone_can_be_imported(tmp_path):
    names = [name for name in MODULES if name != "cs231n_lib"]
    assert len(names) > 40

    wanted = [(str(build_library(tmp_path, blocked(name))), name) for name in names]
    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORT], input=json.dumps([sys.path, wanted]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["imported"] * len(names), names


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
