"""The benchmark runner compares like with like and says when it cannot."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is not part of the installed package

import benchmarks  # noqa: E402
from benchmarks import Row, autograd, conv, gpu, losses, neighbors  # noqa: E402
from benchmarks import __main__ as command  # noqa: E402


def case(ours, make_peer, agree=None):
    return benchmarks.Case("case", "peer", 1.0, lambda: (np.ones(3),), ours, make_peer, agree)


class Clock:
    """Stands in for the module `time`: passes when something sleeps, whatever the machine does."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(benchmarks, "time", made)
    return made


def test_the_ratio_is_ours_by_theirs(clock):
    row = benchmarks.run(
        case(lambda x: clock.sleep(0.03), lambda x: lambda: clock.sleep(0.01)), quick=True
    )
    assert row.pairs == benchmarks.PAIRS_QUICK
    assert row.ours_s == pytest.approx(0.03)
    assert row.ratio == pytest.approx(3)
    assert row.note == ""


def test_a_missing_peer_is_a_row_that_says_so():
    def missing(x):
        raise ImportError("No module named 'peer'")

    row = benchmarks.run(case(np.sum, missing), quick=True)
    assert "peer missing (No module named 'peer'); pip install" in row.note
    assert row.ratio is None
    assert row.ours_s >= 0


def test_what_takes_long_is_run_once(monkeypatch, clock):
    monkeypatch.setattr(benchmarks, "LONG_S", 0.02)
    calls = []

    def slow(x):
        calls.append(x)
        clock.sleep(0.04)

    row = benchmarks.run(case(slow, lambda x: lambda: clock.sleep(0.001)), quick=False)
    assert (row.pairs, len(calls)) == (1, 1)
    assert row.ours_s == pytest.approx(0.04)
    assert (row.interval, row.best_interval, row.met) == (None, None, None)
    assert row.note == "too long to be run often: no interval, no verdict"


def test_what_is_short_is_run_often(monkeypatch, clock):
    monkeypatch.setattr(benchmarks, "ENOUGH_S", 0.05)
    short = case(lambda x: clock.sleep(0.0005), lambda x: lambda: clock.sleep(0.0005))
    row = benchmarks.run(short, quick=False)
    assert benchmarks.PAIRS < row.pairs <= benchmarks.MOST_PAIRS
    monkeypatch.setattr(benchmarks, "ENOUGH_S", 0)
    row = benchmarks.run(short, quick=False)
    assert row.pairs == benchmarks.PAIRS >= 30
    assert row.interval is not None
    assert row.best_interval is not None


def timed_by(monkeypatch, ours, theirs):
    """Let the clock say these times, in turn."""
    times = {"ours": iter([ours[0], *ours]), "theirs": iter([theirs[0], *theirs])}
    monkeypatch.setattr(benchmarks, "_timed", lambda work: (next(times[work()]), None))
    monkeypatch.setattr(benchmarks, "ENOUGH_S", 0)
    return benchmarks.run(case(lambda x: "ours", lambda x: lambda: "theirs"), quick=False)


def test_a_target_is_met_when_both_intervals_lie_below_it(monkeypatch):
    one = np.ones(30)
    row = timed_by(monkeypatch, 0.5 * one, one)
    assert (row.ratio, row.best_ratio, row.met) == (0.5, 0.5, True)
    assert row.interval == row.best_interval == (0.5, 0.5)
    assert timed_by(monkeypatch, 1.5 * one, one).met is False
    # Mostly faster, but the quietest moments are those of the peer, and the other way round.
    at_best_slower = np.where(np.arange(30) % 3, 1.0, 0.1)
    assert timed_by(monkeypatch, 0.9 * one, at_best_slower).met is False
    mostly_slower = np.where(np.arange(30) % 3, 1.1, 0.5)
    row = timed_by(monkeypatch, mostly_slower, one)
    assert row.best_interval[1] < 1 < row.interval[1]
    assert row.met is False


def test_slow_moments_make_an_interval_wider_and_no_ratio_larger(monkeypatch):
    rng, one = np.random.default_rng(0), np.ones(30)
    disturbed = np.where(rng.random(30) < 0.2, 50.0, one)
    row = timed_by(monkeypatch, 0.9 * disturbed, one)
    assert row.ratio == row.best_ratio == 0.9
    noisy = timed_by(monkeypatch, 0.9 * rng.lognormal(0, 0.5, 30), rng.lognormal(0, 0.5, 30))
    assert noisy.interval[0] < noisy.ratio < noisy.interval[1]
    assert noisy.met is False


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Times of one distribution: the ratio of their medians is 1."""
    rng, inside = np.random.default_rng(0), 0
    for _ in range(200):
        ours, theirs = 1 + rng.exponential(0.5, (2, 30))
        low, high = benchmarks.interval.of_medians(ours, theirs)[1]
        inside += low <= 1 <= high
    assert 182 <= inside <= 200


@pytest.mark.parametrize("where", ["inputs", "ours", "make_peer", "peer", "agree"])
def test_what_goes_wrong_costs_its_own_row(where):
    def work(name, value=None):
        def run(*_):
            if name == where:
                raise OSError("the judge's process\ndied")
            return value

        return run

    race = benchmarks.Case("case", "peer", 1.0, work("inputs", ()), work("ours"),
                           work("make_peer", work("peer")), work("agree"))  # fmt: skip
    row = benchmarks.run(race, quick=True)
    assert row.note == "failed: OSError: the judge's process died"
    assert row.ratio is None
    assert row.met is None


def test_a_failed_case_is_told_at_the_end_and_leaves_the_others(monkeypatch, capsys):
    def fails(x):
        raise OSError("no sandbox: apt install bubblewrap")

    both = [case(fails, lambda x: lambda: 3.0), case(np.sum, lambda x: lambda: 3.0)]
    monkeypatch.setattr(neighbors, "cases", lambda quick: both)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--json", "--quick", "--only", "neighbors"])
    assert command.main() == 1
    printed = capsys.readouterr()
    assert [row["ratio"] is None for row in json.loads(printed.out)] == [True, False]
    assert "case / peer failed: OSError: no sandbox: apt install bubblewrap" in printed.err


def test_both_work_with_as_many_threads(monkeypatch):
    torch = types.SimpleNamespace(set_num_threads=lambda n: given.append(n))
    given = []
    monkeypatch.setitem(sys.modules, "torch", torch)
    threads = benchmarks.same_threads()
    assert given == [threads]
    assert {library["num_threads"] for library in benchmarks.threadpool_info()} == {threads}
    assert benchmarks.run(case(np.sum, lambda x: lambda: 3.0), quick=True).threads == threads


def test_results_that_differ_are_no_race():
    def agree(ours, theirs):
        np.testing.assert_allclose(ours, theirs)

    row = benchmarks.run(case(np.sum, lambda x: lambda: 4.0, agree), quick=True)
    assert "failed: AssertionError: Not equal" in row.note
    assert row.ratio is None


def test_memory_at_its_highest_is_seen():
    def hungry(x):
        return np.ones(10**7).sum()

    row = benchmarks.run(case(hungry, lambda x: lambda: 10.0**7), quick=True)
    if row.peak_mb is None:
        pytest.skip("this system does not tell a process its highest size")
    assert 70 < row.peak_mb < 120
    assert row.peer_peak_mb < 10


def test_peers_are_imported_by_their_case_only():
    code = "import sys, benchmarks.neighbors; print({'sklearn', 'faiss', 'scipy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_json_is_a_list_of_rows(monkeypatch, capsys):
    tiny = case(np.sum, lambda x: lambda: 3.0)
    monkeypatch.setattr(neighbors, "cases", lambda quick: [tiny])
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--json", "--quick", "--only", "neighbors"])
    assert command.main() == 0
    (row,) = json.loads(capsys.readouterr().out)
    check_rows([row])
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "no such case"])
    with pytest.raises(SystemExit):
        command.main()
    assert "no case has 'no such case'" in capsys.readouterr().err


def test_a_record_keeps_what_was_not_measured_again(monkeypatch, tmp_path, capsys):
    record = tmp_path / "cpu.json"

    def measured(*names):
        cases = [
            benchmarks.Case(n, "peer", 1.0, tuple, lambda: 3.0, lambda: lambda: 3.0) for n in names
        ]
        monkeypatch.setattr(neighbors, "cases", lambda quick: cases)
        words = ["benchmarks", "--record", str(record), "--quick", "--only", "neighbors"]
        monkeypatch.setattr(sys, "argv", words)
        assert command.main() == 0
        return {row["name"]: row for row in json.loads(record.read_text())}

    first, second = measured("a", "b"), measured("b", "c")
    assert [*second] == ["a", "b", "c"]
    assert second["a"] == first["a"]
    assert second["b"]["ours_s"] != first["b"]["ours_s"]
    check_rows(second.values())


# ---------------------------------------------------------------- on a GPU


@pytest.fixture
def fake_gpu(monkeypatch):
    """CuPy as far as the benchmarks use it, with NumPy's arrays and a record of the waiting."""
    waits = []
    cupy = types.ModuleType("cupy")
    cupy.asarray, cupy.ndarray = np.asarray, type("ndarray", (), {})
    pool = types.SimpleNamespace(
        free_all_blocks=lambda: None, used_bytes=lambda: 10**6, total_bytes=lambda: 8 * 10**6
    )
    cupy.get_default_memory_pool = lambda: pool
    device = types.SimpleNamespace(synchronize=lambda: waits.append(1))
    properties = {"name": b"NoSuch GPU", "totalGlobalMem": 80_000_000_000}
    cupy.cuda = types.SimpleNamespace(
        Device=lambda: device,
        runtime=types.SimpleNamespace(
            getDeviceProperties=lambda number: properties, runtimeGetVersion=lambda: 12090
        ),
    )
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(gpu, "gpu_is_available", lambda: True)
    return waits


def test_without_a_gpu_its_cases_are_left_out_aloud(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "gpu_is_available", lambda: False)
    assert command.cases_of("gpu", quick=True) == []
    assert capsys.readouterr().err == "gpu: left out, CuPy is not installed or finds no GPU\n"
    assert gpu.facts() == {}


def test_on_a_gpu_the_clock_waits_for_the_device(fake_gpu):
    cases = [c for c in gpu.cases(quick=True) if c.name == "crossover, loss rows: 10"]
    row = benchmarks.run(cases[0], quick=True)
    assert len(fake_gpu) == 1 + benchmarks.PAIRS_QUICK  # ours every time, the CPU never
    assert (row.device, row.peer, row.target) == ("cuda", gpu.CPU_PEER, None)
    assert row.ratio > 0


def test_every_kind_of_work_has_its_gpu_case(fake_gpu):
    cases = gpu.cases(quick=False)
    assert len({c.name for c in cases}) == len(cases)
    assert {c.target for c in cases if c.peer == gpu.PEER} == {1.0, 1.2, 2.0}
    for one in cases:
        assert one.device == "cuda"
        assert (one.meters is not None) == (one.peer == gpu.PEER)
    result, peak = gpu.cupy_peak(lambda: 5)
    assert (result, peak) == (5, 7.0)
    assert gpu.facts() == {"gpu": "NoSuch GPU", "gpu_memory_gb": 80.0, "cuda": 12090}


def test_the_crossover_is_where_the_gpu_stays_ahead():
    def row(family, size, ratio):
        return Row(f"crossover, {family}: {size}", gpu.CPU_PEER, None, ratio=ratio)

    rows = [row("a", 100, 0.4), row("a", 10, 1.5), row("a", 1, 0.9), row("b", 1, 2.0)]
    rows += [row("c", 1, 0.5), Row("other", "peer", 1.0, ratio=0.1)]
    found = {r.name: r.note for r in gpu.crossovers(rows)}
    assert found == {
        "crossover, a": "CuPy is faster from 100 on, of those measured",
        "crossover, b": "NumPy is faster throughout, of those measured",
        "crossover, c": "CuPy is faster from 1 on, of those measured",
    }


def test_results_on_a_device_are_compared_on_the_host():
    tensor = types.SimpleNamespace(shape=(2,), cpu=lambda: types.SimpleNamespace(numpy=there.copy))
    there = np.array([1.0, 2.0])
    gpu.close((3.0, there), (3.0, tensor))
    with pytest.raises(AssertionError, match="relative error"):
        gpu.close((3.0, there + 1), (3.0, tensor))
    with pytest.raises(AssertionError, match="relative error"):
        gpu.close((3.1, there), (3.0, tensor))


# ---------------------------------------------------------------- what is recorded


def check_rows(rows):
    for row in rows:
        assert {"name", "ours_s", "peer", "peer_s", "ratio", "target", "peak_mb"} <= {*row}
        assert row["device"] in ("cpu", "cuda")
        assert {"cpu", "cores", "memory_gb", "python", "numpy", "packages"} <= {*row["machine"]}
        if row["ratio"] is None:
            assert row["note"]
            continue
        for key in ("ours_s", "peer_s", "ratio"):
            assert row[key] > 0
        assert row["pairs"] >= 1


RESULTS = ROOT / "benchmarks" / "results"
RACES = sorted(RESULTS.glob("[cg]pu*.json"))  # the others record the grader


def test_results_are_recorded_for_every_case():
    rows = [row for path in RACES for row in json.loads(path.read_text())]
    recorded = {(row["name"], row["peer"]) for row in rows if row["ratio"]}
    modules = (autograd, conv, losses, neighbors)
    assert {(c.name, c.peer) for module in modules for c in module.cases(False)} <= recorded


@pytest.mark.parametrize("path", RACES, ids=lambda path: path.name)
def test_a_record_is_well_formed(path):
    rows = json.loads(path.read_text())
    check_rows(rows)
    assert len({(row["name"], row["peer"]) for row in rows}) == len(rows)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.name)
def test_a_record_names_no_machine(path):
    text = path.read_text()
    assert not re.search(r'[" ]/(?!dev/)\w|[A-Z]:\\', text), "a path of the machine"
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)
