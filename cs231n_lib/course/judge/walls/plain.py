"""No walls: a worker as a plain process, for one's own code on one's own machine."""

import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from cs231n_lib.course import inside
from cs231n_lib.course.judge.line import Line
from cs231n_lib.course.judge.meter import Meter
from cs231n_lib.course.judge.walls import ENVIRONMENT, ended, greeted, program
from cs231n_lib.course.limits import Limits


class Unsandboxed:
    """A worker as a plain process: for one's own code on one's own machine."""

    def __init__(
        self,
        library: Path,
        limits: Limits,
        blocked: tuple[str, ...] = (),
        warm: tuple[str, ...] = (),  # there is no parent to keep warm
        packages: tuple[str, ...] = (),  # all that is installed is there
    ) -> None:
        self.library, self.limits, self.blocked = library, limits, blocked
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def why_not() -> str:
        """Return ``""``: nothing is put up."""
        return ""

    def worker(self, patience: float = 1.0) -> Line:
        """Start a fresh process."""
        options = {"limits": asdict(self.limits), "blocked": self.blocked}
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        process = subprocess.Popen(
            program([sys.executable], f"{inside.__name__}.worker", options, [str(self.library)]),
            cwd=folder.name,
            env={**os.environ, **ENVIRONMENT}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.process = process
        assert process.stdin is not None
        assert process.stdout is not None

        def end(wait: bool) -> str:
            words = ended(process, wait)
            folder.cleanup()
            return words

        meter = Meter(process.pid) if Meter.works() else None
        return greeted(Line(process.stdout, process.stdin, process.kill, end, meter), patience)

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
