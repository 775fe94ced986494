"""Importing the numeric library is cheap: the packages it is installed with, and no other."""

from __future__ import annotations

import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

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
