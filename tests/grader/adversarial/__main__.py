"""``python -m tests.grader.adversarial [KIND ...] [--json] [--nbgrader]``: the table of attacks.

``--record`` writes what was tried into ``benchmarks/results/adversarial.json``, and the table of
the instructor's guide. Each row says whether root graded and whether namespaces were nested: run
it as root and as another user, and with ``--not-nested``. ``--new`` tries those alone that are not
on record, or that stock nbgrader was not put to.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from cs231n_lib.course.judge.walls.bubblewrap import Sandbox, require_isolation
from tests.grader.adversarial.suite import ATTACKS
from tests.grader.adversarial.trial import summary, try_all

ROOT = Path(__file__).parents[3]
RECORD = ROOT / "benchmarks" / "results" / "adversarial.json"
GUIDE = ROOT / "book" / "teaching" / "grading.md"


def on_record() -> dict[str, dict[str, Any]]:
    """Return the rows that were recorded, by name."""
    rows = json.loads(RECORD.read_text()) if RECORD.exists() else []
    return {row["name"]: row for row in rows}


def record(rows: list[dict[str, Any]]) -> None:
    """Write the record, and put its table in the place of the one in the guide.

    Of attacks that were not tried the row on record stays, with its date.
    """
    known = on_record() | {row["name"]: row for row in rows}
    rows = [known[attack.name] for attack in ATTACKS if attack.name in known]
    RECORD.write_text(json.dumps(rows, indent=1) + "\n")
    table = re.compile(r"^\| kind of attack .*?^\| \*\*all\*\* [^\n]*", re.DOTALL | re.MULTILINE)
    GUIDE.write_text(table.sub("\n".join(summary(rows)), GUIDE.read_text()))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.grader.adversarial")
    kinds = sorted({attack.kind for attack in ATTACKS})
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(kinds)}")
    parser.add_argument(
        "--not-nested", action="store_true", help="walls anew each time, as where namespaces end"
    )
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    parser.add_argument(
        "--nbgrader", action="store_true", help="also try stock nbgrader (takes some minutes)"
    )
    parser.add_argument("--new", action="store_true", help="only what is not on record yet")
    parser.add_argument("--record", action="store_true", help="write the record and its table")
    options = parser.parse_args()
    if options.record and options.not_nested:
        parser.error("the record is of walls with nested namespaces")
    if unknown := set(options.kinds) - set(kinds):
        parser.error(f"no such kind of attack: {', '.join(sorted(unknown))}")
    require_isolation()
    Sandbox.nested = not options.not_nested
    chosen = [a for a in ATTACKS if not options.kinds or a.kind in options.kinds]
    known = on_record()
    if options.new:
        chosen = [
            a for a in chosen if a.name not in known
            or (options.nbgrader and a.stock and not known[a.name]["nbgrader"])
        ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        rows = list(try_all(Path(folder), chosen))
    for row in rows:
        if row.name in known:
            row.nbgrader_score = known[row.name]["nbgrader_score"]
            row.nbgrader = known[row.name]["nbgrader"]
    if options.nbgrader:
        from tests.grader.adversarial.stock import stock_scores

        with tempfile.TemporaryDirectory() as folder:
            found = stock_scores(chosen, Path(folder))
        for row in rows:
            if row.name in found:
                row.nbgrader_score = found[row.name]
                row.nbgrader = "no grade" if row.nbgrader_score is None else "graded"
    if options.record:
        record([row.to_dict() for row in rows])
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
