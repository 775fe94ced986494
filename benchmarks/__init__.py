"""Time the library against named peers, side by side: ``python -m benchmarks``.

Every module here has a function ``cases(quick)`` that returns a list of :class:`Case`. Ours and
the peer's run in turn, in one process, on the same arrays and the same number of threads, so that
a slow moment of the machine hits both; 30 times or more. The ratio of the medians and that of the
minima come with intervals (see `interval`), and a target is met when both intervals lie below it.
What takes long is run once, and then there is no interval and no verdict. Whatever goes wrong in a
case costs its own row, which says what it was.

``python -m benchmarks --record benchmarks/results/NAME.json`` makes a record to keep, or with
``--only`` measures some of its cases again. No record is written by hand, and no test waits for a
number from here.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_info

from benchmarks import interval

PAIRS, PAIRS_QUICK, MOST_PAIRS = interval.LEAST, 3, 100
ENOUGH_S = 3  # short cases are repeated until this
LONG_S = 12  # when the first pair takes this long it is the only one
REST_S = 0.05  # between two runs: the threads of OpenBLAS spin for 2**26 cycles when work is done
BARE = "the bare product"  # a peer that does the matrix products of the work, and no more
PACKAGES = ("torch", "scikit-learn", "scipy", "faiss-cpu", "micrograd", "nbgrader", "cupy")

#: Runs a piece of work and returns its result with the largest memory it took, in 10^6 bytes.
Meter = Callable[[Callable[[], Any]], tuple[Any, float | None]]


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes
    ----------
    name, peer : str
        What is timed, and against whom.
    target : float or None
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
    device : str
        Where the arrays are. Work on a device waits for it to finish before it returns.
    meters : pair of callable, optional
        Measure the memory of ours and of the peer's; that of this process unless given.
    """

    name: str
    peer: str
    target: float | None
    inputs: Callable[[], tuple[Any, ...]]
    ours: Callable[..., Any]
    make_peer: Callable[..., Callable[[], Any]]
    agree: Callable[[Any, Any], None] | None = None
    device: str = "cpu"
    meters: tuple[Meter, Meter] | None = None


@dataclass
class Row:
    """What became of a case; times in seconds, memory in 10^6 bytes above the start.

    `ratio` is that of the medians, `best_ratio` that of the minima. `met` is None where there is
    no target, or were too few runs to tell.
    """

    name: str
    peer: str
    target: float | None
    ours_s: float | None = None
    peer_s: float | None = None
    ratio: float | None = None
    interval: interval.Interval | None = None
    best_ratio: float | None = None
    best_interval: interval.Interval | None = None
    met: bool | None = None
    threads: int | None = None
    peak_mb: float | None = None
    peer_peak_mb: float | None = None
    pairs: int = 0
    device: str = "cpu"
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, for JSON."""
        return asdict(self)


def run(case: Case, quick: bool) -> Row:
    """Run one case; whatever goes wrong becomes a note in its row."""
    row = Row(case.name, case.peer, case.target, device=case.device)
    try:
        return _race(case, row, quick)
    except Exception as error:  # a case may raise anything, and the others are to be run
        row.note = f"failed: {type(error).__name__}: {' '.join(str(error).split())}"
        return row


def _race(case: Case, row: Row, quick: bool) -> Row:
    inputs = case.inputs()
    try:
        theirs = case.make_peer(*inputs)
    except ImportError as error:
        row.note = f"peer missing ({error}); pip install -e '.[bench]'"
        row.ours_s = min(_timed(lambda: case.ours(*inputs))[0] for _ in range(2))
        return row
    row.threads = same_threads()
    # The first run warms up, is checked, and shows the memory before it is kept for reuse.
    of_ours, of_peer = case.meters or (host_peak, host_peak)
    (first, result), row.peak_mb = of_ours(lambda: _timed(lambda: case.ours(*inputs)))
    (peer_first, expected), row.peer_peak_mb = of_peer(lambda: _timed(theirs))
    if case.agree:
        case.agree(result, expected)
    del result, expected
    pairs = [(first, peer_first)] if first + peer_first > LONG_S else []
    least, most = (PAIRS_QUICK, PAIRS_QUICK) if quick else (PAIRS, MOST_PAIRS)
    while not (pairs and first + peer_first > LONG_S) and len(pairs) < most:
        if len(pairs) >= least and sum(map(sum, pairs)) > ENOUGH_S:
            break
        # Who goes first changes from pair to pair, so that neither always finds warm caches.
        if len(pairs) % 2:
            peer_s, ours_s = _timed(theirs)[0], _timed(lambda: case.ours(*inputs))[0]
        else:
            ours_s, peer_s = _timed(lambda: case.ours(*inputs))[0], _timed(theirs)[0]
        pairs.append((ours_s, peer_s))
    row.pairs = len(pairs)
    ours, peers = zip(*pairs, strict=True)
    row.ours_s, row.peer_s = statistics.median(ours), statistics.median(peers)
    row.ratio, row.best_ratio = row.ours_s / row.peer_s, min(ours) / min(peers)
    if len(pairs) >= interval.LEAST:
        row.ratio, row.interval = interval.of_medians(ours, peers)
        row.best_ratio, row.best_interval = interval.of_minima(ours, peers)
        if case.target is not None:
            row.met = max(row.interval[1], row.best_interval[1]) <= case.target
    elif not quick:
        row.note = "too long to be run often: no interval, no verdict"
    return row


def same_threads() -> int:
    """Give every library that has threads as many as BLAS has here, and return how many."""
    controller = ThreadpoolController()
    blas = [library["num_threads"] for library in controller.select(user_api="blas").info()]
    threads = min(blas, default=1)
    controller.limit(limits=threads)
    if torch := sys.modules.get("torch"):  # has a pool that threadpoolctl does not see
        torch.set_num_threads(threads)
    return threads


def machine() -> dict[str, Any]:
    """Facts to record beside the numbers."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    memory = (
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1) or None,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": sorted({f"{lib['internal_api']} {lib['version']} x{lib['num_threads']}"
                        for lib in threadpool_info() if lib["user_api"] == "blas"}),
        "packages": [f"{name} {version}" for name, version in _versions()],
    }  # fmt: skip


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield name, metadata.version(name)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    time.sleep(REST_S)
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def host_peak(work: Callable[[], Any]) -> tuple[Any, float | None]:
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
