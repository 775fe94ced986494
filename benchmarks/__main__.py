"""``python -m benchmarks [--quick] [--json | --record FILE] [--only NAME]``."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

import benchmarks
from benchmarks import Case, Row, gpu

HEAD = ("case", "peer", "ours s", "peer s", "medians", "95 %", "minima", "spells", "target",
        "verdict", "runs", "threads", "MB", "peer MB")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer runs")
    parser.add_argument("--json", action="store_true", help="print a list of rows")
    parser.add_argument(
        "--record",
        metavar="FILE",
        type=Path,
        help="put the rows into a record, in the place of those of the same cases",
    )
    parser.add_argument(
        "--only", metavar="NAME", help="only cases whose name, peer or module has NAME"
    )
    arguments = parser.parse_args()
    found = [
        case
        for module in sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__))
        if module != "__main__"
        for case in cases_of(module, arguments.quick)
        if not arguments.only or arguments.only in f"{module} {case.name} / {case.peer}"
    ]
    if not found:
        parser.error(f"no case has {arguments.only!r} in its name, peer or module")
    facts = benchmarks.machine()
    if not arguments.json:
        print(", ".join(f"{key} {value}" for key, value in facts.items()))
        print(line(*HEAD))
    rows = []
    for case in found:
        print(f"... {case.name} / {case.peer}", end="\r", file=sys.stderr, flush=True)
        rows.append(benchmarks.run(case, arguments.quick))
        if not arguments.json:
            print(shown(rows[-1]), flush=True)
    failed = [row for row in rows if row.note.startswith("failed: ")]
    rows += gpu.crossovers(rows)
    facts |= gpu.facts()
    told = [row.as_dict() | {"machine": facts} for row in rows]
    if arguments.json:
        print(json.dumps(told, indent=1))
    if arguments.record:
        put_into(arguments.record, told)
    for row in failed:
        print(f"{row.name} / {row.peer} {row.note}", file=sys.stderr)
    return 1 if failed else 0


def cases_of(module: str, quick: bool) -> list[Case]:
    """Return the cases of a module, none and a message where it needs what is not installed."""
    try:
        loaded = importlib.import_module(f"benchmarks.{module}")
        return loaded.cases(quick) if hasattr(loaded, "cases") else []  # some run by themselves
    except ModuleNotFoundError as error:
        print(f"{module}: left out, {error.name} is not installed", file=sys.stderr)
    except gpu.NoDevice as error:
        print(f"{module}: left out, {error}", file=sys.stderr)
    return []


def put_into(path: Path, rows: list[dict[str, Any]]) -> None:
    """Put rows into a record; what was measured again, it replaces, and the rest stays."""
    kept = json.loads(path.read_text()) if path.exists() else []
    record = {(row["name"], row["peer"]): row for row in [*kept, *rows]}
    path.write_text(json.dumps([*record.values()], indent=1) + "\n")


def shown(row: Row) -> str:
    def number(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    return line(
        row.name,
        row.peer,
        number(row.ours_s, ".4f"),
        number(row.peer_s, ".4f"),
        number(row.ratio, ".2f"),
        between(row.interval),
        number(row.best_ratio, ".2f"),
        between(row.best_interval),
        "-" if row.target is None else f"<= {row.target:g}",
        {True: "met", False: "not met", None: "-"}[row.met],
        str(row.pairs),
        number(row.threads, "d"),
        number(row.peak_mb, ".0f"),
        number(row.peer_peak_mb, ".0f"),
    ) + (f"  {row.note}" if row.note else "")


def between(limits: tuple[float, float] | None) -> str:
    return "-" if limits is None else f"{limits[0]:.2f}-{limits[1]:.2f}"


def line(*fields: str) -> str:
    return f"{fields[0]:<42}{fields[1]:<24}" + "".join(f"{field:>11}" for field in fields[2:])


if __name__ == "__main__":
    sys.exit(main())
