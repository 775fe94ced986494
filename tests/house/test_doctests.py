"""Every example in a docstring of the numeric library runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import cs231n_lib

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(cs231n_lib.__path__, "cs231n_lib.")
    if not f"{module.name}.".startswith("cs231n_lib.course.")
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
