"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import cs231n_lib

#: All but what is started and never imported: the command, and the guests of a page's own Python.
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(cs231n_lib.__path__, "cs231n_lib.")
    if not module.name.endswith("__main__") and ".guest." not in module.name
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples failed (see above)"


@pytest.mark.parametrize("name", cs231n_lib.__all__)
def test_every_public_name_has_an_example(name):
    thing = getattr(cs231n_lib, name)
    if callable(thing):
        assert ">>>" in (thing.__doc__ or ""), f"{name} has no example in its docstring"
