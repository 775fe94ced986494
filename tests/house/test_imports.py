"""Importing the numeric library is cheap: the packages it is installed with, and no other."""

from __future__ import annotations

import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

import cs231n_lib
from cs231n_lib.course.checkout import root

FORBIDDEN = {"cupy", "torch", "nbgrader", "jupyter", "jupyterlab", "IPython", "cs231n_lib.course"}
NUMERIC = sorted(
    module.name
    for module in pkgutil.walk_packages(cs231n_lib.__path__, "cs231n_lib.")
    if not f"{module.name}.".startswith("cs231n_lib.course.")
)


def modules_loaded_by(statement: str) -> set[str]:
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("name", ["cs231n_lib", *NUMERIC])
def test_a_fresh_import_loads_nothing_heavy(name):
    assert not FORBIDDEN & modules_loaded_by(f"import {name}")


def test_the_library_loads_the_packages_that_it_is_installed_with_and_no_other():
    """Figures, notebooks and the command line cost a second, which who computes need not wait."""
    project = tomllib.loads((root() / "pyproject.toml").read_text())["project"]
    core = {re.split(r"[^A-Za-z0-9_-]", d)[0].replace("-", "_") for d in project["dependencies"]}
    # An environment may load something by itself, such as setuptools' stand-in for distutils.
    loaded = modules_loaded_by("import cs231n_lib") - modules_loaded_by("pass")
    # What is in no distribution is Python's own, or made by a compiled module for itself.
    distributed = packages_distributions().keys()
    assert {name.partition(".")[0] for name in loaded} & distributed == core | {"cs231n_lib"}


def test_the_check_sees_a_forbidden_import():
    assert "cs231n_lib.course" in FORBIDDEN & modules_loaded_by("import cs231n_lib.course.errors")


def test_public_names_exist_and_are_listed_once():
    names = cs231n_lib.__all__
    assert len(names) == len(set(names))
    assert names == sorted(names)
    for name in names:
        assert getattr(cs231n_lib, name) is not None
