"""Time the library against named peers, side by side: ``python -m benchmarks``.

Every module here has a function ``cases(quick)`` that returns a list of :class:`Case`. Ours and
the peer's run in turn, in one process, on the same arrays and all cores; the ratio is the median
over the pairs, so a slow moment of the machine hits both.
"""

from __future__ import annotations

import ctypes
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

PAIRS = 7
PAIRS_QUICK = 3
BUDGET_S = 120  # no new pair is started after this; three are always run


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes
    ----------
    name, peer : str
        What is timed, and against whom.
    target : float
        The ratio ours / peer to reach.
    inputs : callable
        Makes the arrays; not timed.
    ours : callable
        Takes the inputs, does the work.
    make_peer : callable
        Imports the peer, takes the inputs, returns a function of nothing that does the same work.
        An ImportError makes a row that says the peer is missing.
    agree : callable, optional
        Takes both results and raises AssertionError if they differ: no race between unequals.
    """

    name: str
    peer: str
    target: float
    inputs: Callable[[], tuple[Any, ...]]
    ours: Callable[..., Any]
    make_peer: Callable[..., Callable[[], Any]]
    agree: Callable[[Any, Any], None] | None = None


@dataclass
class Row:
    """What became of a case; times in seconds, memory in 10^6 bytes above the start."""

    name: str
    peer: str
    target: float
    ours_s: float | None = None
    peer_s: float | None = None
    ratio: float | None = None
    peak_mb: float | None = None
    peer_peak_mb: float | None = None
    pairs: int = 0
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, for JSON."""
        return asdict(self)


def run(case: Case, quick: bool) -> Row:
    """Run one case; whatever goes wrong with the peer becomes a note in the row."""
    row = Row(case.name, case.peer, case.target)
    inputs = case.inputs()
    try:
        theirs = case.make_peer(*inputs)
    except ImportError as error:
        row.note = f"peer missing ({error}); pip install -e '.[bench]'"
        row.ours_s = min(_timed(lambda: case.ours(*inputs))[0] for _ in range(2))
        return row
    # The first run warms up, is checked, and shows the memory before it is kept for reuse.
    result, row.peak_mb = _with_peak(lambda: case.ours(*inputs))
    expected, row.peer_peak_mb = _with_peak(theirs)
    if case.agree:
        case.agree(result, expected)
    del result, expected
    ours_s, peer_s = [], []
    started = time.perf_counter()
    for pair in range(PAIRS_QUICK if quick else PAIRS):
        if pair >= PAIRS_QUICK and time.perf_counter() - started > BUDGET_S:
            break
        # Who goes first changes from pair to pair, so that neither always finds warm caches.
        both = [(ours_s, lambda: case.ours(*inputs)), (peer_s, theirs)]
        for seconds, work in both if pair % 2 == 0 else both[::-1]:
            seconds.append(_timed(work)[0])
    row.pairs = len(ours_s)
    row.ours_s, row.peer_s = statistics.median(ours_s), statistics.median(peer_s)
    row.ratio = statistics.median(a / b for a, b in zip(ours_s, peer_s, strict=True))
    return row


def machine() -> dict[str, Any]:
    """Facts to record beside the numbers."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": sorted({f"{lib['internal_api']} {lib['version']} x{lib['num_threads']}"
                        for lib in threadpool_info() if lib["user_api"] == "blas"}),
    }  # fmt: skip


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _with_peak(work: Callable[[], Any]) -> tuple[Any, float | None]:
    """Run and return the growth of this process at its highest, where Linux tells it."""
    try:
        ctypes.CDLL(None).malloc_trim(0)  # hand back what earlier runs freed, or it is used unseen
        Path("/proc/self/clear_refs").write_text("5")  # forget the highest size so far
    except (OSError, AttributeError, TypeError):  # no Linux, or no GNU C library
        return work(), None
    before = _status_mb("VmRSS")
    result = work()
    return result, round(_status_mb("VmHWM") - before, 1)


def _status_mb(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"no {field} in /proc/self/status")
