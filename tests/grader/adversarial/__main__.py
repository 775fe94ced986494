"""``python -m tests.grader.adversarial [--json] [--nbgrader]``: the table of attacks."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from cs231n_lib.course.judge.walls.bubblewrap import require_isolation
from tests.grader.adversarial.suite import ATTACKS
from tests.grader.adversarial.trial import try_all

RECORD = Path(__file__).parents[3] / "benchmarks" / "results" / "adversarial.json"


def stock_on_record() -> dict[str, float | None]:
    """Return the points that stock nbgrader gave when it was last tried."""
    rows = json.loads(RECORD.read_text()) if RECORD.exists() else []
    return {row["name"]: row["nbgrader_score"] for row in rows}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.grader.adversarial")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    parser.add_argument(
        "--nbgrader", action="store_true", help="also try stock nbgrader (takes some minutes)"
    )
    options = parser.parse_args()
    require_isolation()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(try_all(Path(folder)))
    if options.nbgrader:
        from tests.grader.adversarial.stock import stock_scores

        with tempfile.TemporaryDirectory() as folder:
            found = stock_scores(ATTACKS, Path(folder))
    else:
        found = stock_on_record()
    for row in rows:
        row.nbgrader_score = found.get(row.name)
    if options.json:
        print(json.dumps([row.to_dict() for row in rows], indent=1))
    else:
        for row in rows:
            mark = "ok  " if row.ok else "FAIL"
            stock = "" if row.nbgrader_score is None else f"  nbgrader {row.nbgrader_score:g}"
            print(f"{mark} {row.attack:<22}{row.name:<45}{row.outcome:<16}"
                  f"{row.score} of {row.expected_score:g} deserved{stock}")  # fmt: skip
            for problem in row.problems:
                print(f"       {problem}")
        print(f"{sum(row.ok for row in rows)} of {len(rows)} ok")
    return int(not all(row.ok for row in rows))


if __name__ == "__main__":
    sys.exit(main())
