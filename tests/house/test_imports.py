"""Importing the numeric library is cheap: what is asked for, and no packages but its own."""

from __future__ import annotations

import ast
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


def loaded_by_each(names: list[str]) -> dict[str, set[str]]:
    """Import each module as the first one, in one process: what it loaded is forgotten again.

    What the library is installed with stays, for NumPy cannot be loaded twice.
    """
    code = f"""
import json, sys
import array_api_compat.numpy, importlib, numpy.random, threadpoolctl, tqdm
before, found = set(sys.modules), {{}}
for name in {names}:
    importlib.import_module(name)
    new = [module for module in sys.modules if module not in before]
    found[name] = new
    for module in new:
        if module.partition(".")[0] == "cs231n_lib":
            del sys.modules[module]
        else:
            before.add(module)
print(json.dumps(found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: set(modules) for name, modules in json.loads(done.stdout).items()}


def test_a_fresh_import_loads_nothing_heavy():
    loaded = loaded_by_each(["cs231n_lib", *NUMERIC])
    assert len(loaded) > 40
    assert {
        name: FORBIDDEN & modules for name, modules in loaded.items() if FORBIDDEN & modules
    } == {}
    assert all(name in modules for name, modules in loaded.items())


def test_the_library_loads_the_packages_that_it_is_installed_with_and_no_other():
    """Figures, notebooks and the command line cost a second, which who computes need not wait."""
    project = tomllib.loads((root() / "pyproject.toml").read_text())["project"]
    core = {re.split(r"[^A-Za-z0-9_-]", d)[0].replace("-", "_") for d in project["dependencies"]}
    # An environment may load something by itself, such as setuptools' stand-in for distutils.
    loaded = modules_loaded_by("from cs231n_lib import *") - modules_loaded_by("pass")
    # What is in no distribution is Python's own, or made by a compiled module for itself.
    distributed = packages_distributions().keys()
    assert {name.partition(".")[0] for name in loaded} & distributed == core | {"cs231n_lib"}


def test_the_front_alone_loads_no_package():
    loaded = modules_loaded_by("import cs231n_lib") - modules_loaded_by("pass")
    assert {name.partition(".")[0] for name in loaded} <= sys.stdlib_module_names | {"cs231n_lib"}


def test_a_name_loads_what_it_needs_and_no_more():
    loaded = modules_loaded_by("import cs231n_lib; cs231n_lib.majority_vote")
    assert "cs231n_lib.neighbors" in loaded
    assert "cs231n_lib.layers" not in loaded


def test_the_front_hands_on_what_type_checkers_are_told():
    """Type checkers read the import lines, Python the table below them."""
    front = ast.parse((root() / "cs231n_lib" / "__init__.py").read_bytes())
    told = next(node.body for node in front.body if isinstance(node, ast.If))
    homes = {a.name: node.module for node in told for a in node.names}
    assert homes == {name: f"cs231n_lib.{home}" for name, home in cs231n_lib._HOMES.items()}
    assert sorted(homes) == cs231n_lib.__all__


def test_the_front_knows_its_rooms_its_names_and_nothing_else():
    code = "import cs231n_lib as cs; cs.losses.softmax_loss; cs.schedules"
    assert "cs231n_lib.losses" in modules_loaded_by(code)
    assert set(cs231n_lib.__all__) <= set(dir(cs231n_lib))
    with pytest.raises(AttributeError, match="module 'cs231n_lib' has no attribute 'softmaks'"):
        cs231n_lib.softmaks  # noqa: B018


def test_the_check_sees_a_forbidden_import():
    assert "cs231n_lib.course" in FORBIDDEN & modules_loaded_by("import cs231n_lib.course.errors")


def test_public_names_exist_and_are_listed_once():
    names = cs231n_lib.__all__
    assert len(names) == len(set(names))
    assert names == sorted(names)
    for name in names:
        assert getattr(cs231n_lib, name) is not None
