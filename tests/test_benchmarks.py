"""The benchmark runner compares like with like and says when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks/ is not part of the installed package

import benchmarks  # noqa: E402
from benchmarks import neighbors  # noqa: E402


def case(ours, make_peer, agree=None):
    return benchmarks.Case("case", "peer", 1.0, lambda: (np.ones(3),), ours, make_peer, agree)


def test_the_ratio_is_ours_by_theirs():
    row = benchmarks.run(
        case(lambda x: time.sleep(0.03), lambda x: lambda: time.sleep(0.01)), quick=True
    )
    assert row.pairs == benchmarks.PAIRS_QUICK
    assert row.ours_s > 0.03
    assert row.ratio > 1
    assert row.note == ""


def test_a_missing_peer_is_a_row_that_says_so():
    def missing(x):
        raise ImportError("No module named 'peer'")

    row = benchmarks.run(case(np.sum, missing), quick=True)
    assert "peer missing (No module named 'peer'); pip install" in row.note
    assert row.ratio is None
    assert row.ours_s >= 0


def test_results_that_differ_are_no_race():
    def agree(ours, theirs):
        np.testing.assert_allclose(ours, theirs)

    with pytest.raises(AssertionError, match="Not equal"):
        benchmarks.run(case(np.sum, lambda x: lambda: 4.0, agree), quick=True)


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
    from benchmarks import __main__ as command

    tiny = case(np.sum, lambda x: lambda: 3.0)
    monkeypatch.setattr(neighbors, "cases", lambda quick: [tiny])
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--json", "--quick", "--only", "neighbors"])
    assert command.main() == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert {"name", "ours_s", "peer", "peer_s", "ratio", "target", "peak_mb", "machine"} <= {*row}
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "no such case"])
    with pytest.raises(SystemExit):
        command.main()
    assert "no case has 'no such case'" in capsys.readouterr().err
