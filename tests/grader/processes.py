"""The processes below this one: who is there, and a crowd to share the cores with."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np


def children(pid):
    """Return the pids of the children of all threads of a process; none of one that has ended."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):  # of a thread that has just ended
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def descendants(pid):
    """Return the pids of all processes below ``pid``."""
    return [found for child in children(pid) for found in (child, *descendants(child))]


def judges():
    """Return the pids of the judges that this process has started."""
    found = []
    for pid in children(os.getpid()):
        with contextlib.suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


@contextlib.contextmanager
def crowd(count):
    """Have ``count`` processes that do nothing but compute."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


@contextlib.contextmanager
def interruptions():
    """Stop a judge or something below it again and again, each time for a while; list the stops.

    In between all may run, as long on average: nobody is stopped for good.
    """
    done, stops = threading.Event(), []
    moments = np.random.default_rng(7)

    def interrupt():
        while not done.wait(moments.uniform(0.02, 0.4)):
            family = [pid for judge in judges() for pid in (judge, *descendants(judge))]
            if not family:
                continue
            chosen = int(moments.choice(family))
            with contextlib.suppress(ProcessLookupError):
                os.kill(chosen, signal.SIGSTOP)
                stops.append(chosen)
            time.sleep(moments.uniform(0.02, 0.4))
            with contextlib.suppress(ProcessLookupError):
                os.kill(chosen, signal.SIGCONT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        yield stops
    finally:
        done.set()
        thread.join()
