"""Send the same jobs to a Dask cluster: several machines grade, one writes.

A job is a submission, a seed and the settings; its result depends on nothing else. A job whose
worker is lost is run again by Dask; if the scheduler is lost, the run ends and the next one
goes on from the results that were kept. The walls are put up on the worker's machine.

What a job returns is text, read as `believed` reads it. Dask itself unpickles what its machines say
to each other, errors among it: whoever owns one of them owns this process too.
"""

import atexit
import functools
import hashlib
import itertools
import json
import multiprocessing
import queue
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cs231n_lib.course.assignment.master import read_master
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.judge import walls
from cs231n_lib.course.judge.believed import Asked, UnbelievableError
from cs231n_lib.course.judge.pools import Settings
from cs231n_lib.course.judge.pools.local import Judge
from cs231n_lib.course.judge.result import Fault, Result
from cs231n_lib.course.judge.store import version
from cs231n_lib.course.limits import ATTEMPTS, SCHEDULER_SECONDS
from cs231n_lib.course.text import line

#: Submissions on their way at a time: enough for a thousand workers, and all that the scheduler
#: has to remember.
AHEAD = 1000
#: How Dask may write what jobs return: plain data, and nothing that is unpickled.
PLAIN = ["msgpack"]
#: What the text of a job begins with that has no result.
NO_RESULT = "no result: "
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


def grade_one(settings: Settings, submission: bytes, seed: int, expected: str) -> str:
    """Grade one submission on a worker of the cluster; return JSON, or `NO_RESULT` and why."""
    if version() != expected:
        return f"{NO_RESULT}this worker has another version of the course package; update it"
    reason = walls.kind(settings.walls).why_not()
    if reason:
        return f"{NO_RESULT}{reason}"
    for attempt in range(ATTEMPTS):
        with _one_at_a_time:
            found = _judge(settings).grade(submission, seed, 2.0**attempt)
        if isinstance(found, Result):
            return json.dumps(found.to_dict())
    return f"{NO_RESULT}{found.reason}"


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
        master = read_master(settings.master, settings.name)
        self.master = master.visible() if settings.visible_only else master
        #: Each job has ended or been given up by its judge after so many seconds.
        self.silence = Judge(settings).seconds * (2**ATTEMPTS - 1)
        try:
            self.client: Any = Client(
                scheduler, timeout=SCHEDULER_SECONDS, serializers=PLAIN, deserializers=PLAIN
            )
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
        settings = replace(self.settings, folder="")
        waiting = iter(submissions)
        futures: dict[Any, tuple[str, Asked]] = {}
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def send(count: int) -> None:
            for key in itertools.islice(waiting, count):
                data = submissions[key]
                asked = Asked(self.master, hashlib.sha256(data).hexdigest(), seed)
                future = self.client.submit(
                    grade_one, settings, data, seed, version(),
                    key=f"grade-{seed}-{key}", pure=False, retries=ATTEMPTS,
                )  # fmt: skip
                futures[future] = key, asked
                future.add_done_callback(done.put)

        send(AHEAD)
        while futures:
            try:
                future = done.get(timeout=self.silence)
            except queue.Empty:
                break
            key, asked = futures.pop(future)
            yield key, _outcome(future, asked, self.silence)
            future.release()
            if self.client.status == "running":
                send(1)
        for key, _ in futures.values():
            yield key, Fault(f"no worker of the cluster answered within {self.silence:.0f} seconds")
        for key in waiting:
            yield key, Fault("the cluster was lost")


def _outcome(future: Any, asked: Asked, patience: float) -> Result | Fault:
    """Return what a job that is over came to."""
    if future.status != "finished":
        return Fault(f"the cluster gave up on it ({future.status})")
    try:  # the scheduler can be lost between saying "finished" and handing the result over
        reply = future.result(patience)
    except OSError as error:
        return Fault(f"the cluster was lost: {line(error)}")
    except Exception as error:  # of Dask's, which may meet anything in what a worker sends
        return Fault(f"a worker sent no result ({type(error).__name__})")
    if isinstance(reply, str) and reply.startswith(NO_RESULT):
        return Fault(line(reply.removeprefix(NO_RESULT), 500))
    try:
        return asked.read(reply)
    except UnbelievableError as error:
        return Fault(f"a worker sent {error}")
