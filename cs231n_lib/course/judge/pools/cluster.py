"""Send the same jobs to a Dask cluster: several machines grade, one writes.

A job is a submission, a seed and the settings; its result depends on nothing else. A job whose
worker is lost is run again by Dask; if the scheduler is lost, the run ends and the next one
goes on from the results that were kept. The walls are put up on the worker's machine.
"""

import atexit
import functools
import itertools
import multiprocessing
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import walls
from cs231n_lib.course.judge.pools import Settings
from cs231n_lib.course.judge.pools.local import Judge
from cs231n_lib.course.judge.result import Fault, Result
from cs231n_lib.course.judge.store import version
from cs231n_lib.course.limits import ATTEMPTS, SCHEDULER_SECONDS

#: Submissions on their way at a time: enough for a thousand workers, and all that the scheduler
#: has to remember.
AHEAD = 1000
_one_at_a_time = threading.Lock()  # a judge is for one submission at a time


@functools.lru_cache(maxsize=1)
def _judge(settings: Settings) -> Judge:
    """Return this worker's judge; it lives until the worker ends.

    As on one machine it is a process of its own, so that its memory and its work have bounds that
    are not the Dask worker's.
    """
    folder = tempfile.TemporaryDirectory(prefix="cs231n-judge-")
    judge = Judge(replace(settings, folder=folder.name))
    atexit.register(folder.cleanup)
    atexit.register(judge.stop)
    # Dask's workers may be daemons, which may have no children; this one ends with its connection.
    multiprocessing.current_process().daemon = False
    return judge


def grade_one(settings: Settings, submission: bytes, seed: int, expected: str) -> dict[str, Any]:
    """Grade one submission on a worker of the cluster; return plain data."""
    if version() != expected:
        return {"fault": "this worker has another version of the course package; update it"}
    reason = walls.kind(settings.walls).why_not()
    if reason:
        return {"fault": reason}
    for attempt in range(ATTEMPTS):
        with _one_at_a_time:
            found = _judge(settings).grade(submission, seed, 2.0**attempt)
        if isinstance(found, Result):
            return found.to_dict()
    return {"fault": found.reason}


class ClusterPool:
    """Judges on the workers of a Dask scheduler.

    Each worker has to grade one submission at a time (``dask worker --nthreads 1``) and needs
    bubblewrap and this package, in the same version as here.

    Parameters
    ----------
    settings : Settings
        What to grade against.
    scheduler : str
        The scheduler's address, ``tcp://host:8786`` say.
    processes : int
        Not used: the cluster has the workers that it has.

    Raises
    ------
    UserError
        If Dask is missing or the scheduler does not answer.
    """

    def __init__(self, settings: Settings, scheduler: str, processes: int = 0) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise UserError(
                "--scheduler needs the extra 'cluster': pip install 'cs231n_lib[cluster]'"
            ) from None
        self.settings = settings
        try:
            self.client: Any = Client(scheduler, timeout=SCHEDULER_SECONDS)
        except (OSError, ValueError) as error:
            raise UserError(f"no Dask scheduler answers at {scheduler}: {error}") from None

    def __enter__(self) -> "ClusterPool":
        """Stay connected."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster to others."""
        self.client.close()

    def grade(
        self, submissions: Mapping[str, bytes], seed: int
    ) -> Iterator[tuple[str, Result | Fault]]:
        """Yield key and result of every submission, as they are done."""
        from distributed import as_completed

        settings = replace(self.settings, folder="")
        waiting = iter(submissions)
        futures: dict[Any, str] = {}
        done: Any = as_completed()

        def send(count: int) -> None:
            for key in itertools.islice(waiting, count):
                future = self.client.submit(
                    grade_one, settings, submissions[key], seed, version(),
                    key=f"grade-{seed}-{key}", pure=False, retries=ATTEMPTS,
                )  # fmt: skip
                futures[future] = key
                done.add(future)

        send(AHEAD)
        for future in done:
            yield futures.pop(future), _outcome(future)
            future.release()
            if self.client.status == "running":
                send(1)
        for key in waiting:
            yield key, Fault("the cluster was lost")


def _outcome(future: Any) -> Result | Fault:
    """Return what a job that is over came to."""
    if future.status != "finished":
        return Fault(f"the cluster gave up on it ({future.status})")
    try:  # the scheduler can be lost between saying "finished" and handing the result over
        reply = future.result()
    except OSError as error:
        return Fault(f"the cluster was lost: {error}")
    return Fault(reply["fault"]) if "fault" in reply else Result.from_dict(reply)
