"""The numeric library's own unit tests, run by pytest inside the page's Python."""

import importlib.util
import re
from pathlib import Path

import pytest

from cs231n_lib.course.checkout import root
from cs231n_lib.course.publishing.engine import bundle
from tests.browser.engine import cell, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: What pytest consists of. Hypothesis has a part in machine code: its tests stay outside.
TOOLS = ("pytest", "_pytest", "pluggy", "iniconfig", "py", "pygments")
#: Tests that need no thread, no process, no file, no clock and no hypothesis.
TESTS = ("test_linear.py", "test_evaluation.py", "training/test_optim.py", "nets/test_chain.py",
         "nets/test_presets.py")  # fmt: skip
#: A page has no terminal, no log file and no second copy of its streams.
OPTIONS = ["-q", "--capture=sys", "--import-mode=importlib", "--tb=short",
           "-m", "not slow and not gpu",
           "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:logging",
           "-W", "ignore"]  # fmt: skip


def extra_files():
    """Return pytest and the tests, by their paths in the guest."""
    files = {"pdb.py": b"set_trace = None\n", "pyproject.toml": b"[tool.pytest.ini_options]\n"}
    for name in TOOLS:
        origin = Path(importlib.util.find_spec(name).origin)
        top = origin.parent if origin.name == "__init__.py" else origin
        for path in [*top.rglob("*.py")] if top.is_dir() else [top]:
            files[path.relative_to(top.parent).as_posix()] = path.read_bytes()
    for path in (root() / "tests/library").rglob("*"):
        if path.suffix in (".py", ".npz"):
            files[path.relative_to(root()).as_posix()] = path.read_bytes()
    return files


@pytest.fixture(scope="module")
def page(chromium, engine_site):
    site, address = engine_site
    with pytest.MonkeyPatch.context() as patch:
        carried = bundle.book_files()
        patch.setattr(bundle, "book_files", lambda: carried | extra_files())
        patch.setattr(bundle, "MAX_ENGINE_BYTES", 10**9)
        bundle.write(site)
    page = opened(chromium, address)
    yield page
    page.context.close()
    bundle.write(site)


@pytest.mark.parametrize("name", TESTS)
def test_the_library_passes_its_own_tests_in_the_page(page, name):
    arguments = [f"tests/library/{name}", *OPTIONS]
    code = f"import os, pytest\nos.chdir('/home/book')\nstatus = pytest.main({arguments!r})"
    ok, found = cell(page, f"{code}\nprint('status', int(status))")
    said = "".join(output.get("text", str(output)) for output in found)
    assert ok, said
    assert said.rstrip().endswith("status 0"), said
    assert int(re.search(r"(\d+) passed", said)[1]) > 0
