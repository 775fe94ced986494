"""What every test needs: patience, figures without a window, a seed, kernels without ports."""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import settings

from cs231n_lib.course.__main__ import without_a_grammar

# Machines that run many things at once are slow at times: that is no failure. In CI the same
# commit gets the same verdict twice; elsewhere each run looks at new cases.
settings.register_profile("patient", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("patient")

without_a_grammar()  # as the command does, before it reads notebooks
matplotlib.use("Agg")  # not by MPLBACKEND: kernels would inherit it and draw nothing

LIBRARY = Path(__file__).parent / "library"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prepare Jupyter's kernels, unless only the library is tested: it pays for no Jupyter."""
    if os.name != "nt" and any(LIBRARY not in item.path.parents for item in session.items):
        _put_sockets_in_a_folder()


def _put_sockets_in_a_folder() -> None:
    # A TCP port may be taken by another program, a browser say, between the moment when it is
    # chosen for a kernel and the moment when the kernel binds it.
    from jupyter_client import KernelManager

    folder = tempfile.TemporaryDirectory(prefix="kernels-")
    number, init = itertools.count(), KernelManager.__init__

    def with_sockets_in_a_folder(self: KernelManager, **options: Any) -> None:
        here = {"transport": "ipc", "ip": f"{folder.name}/{next(number)}"}
        init(self, **here | options)

    KernelManager.__init__ = with_sockets_in_a_folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(231)
