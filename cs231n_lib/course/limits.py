"""Every limit of the course: of what strangers send, of what their code may use, of waiting.

A student is charged with the seconds in which the worker computed or slept, measured from outside
(`judge.meter`). How long that took on the clock says how busy the machine is, not how long the
code runs: the clock is a backstop, and what it ends is an infrastructure fault.
Code that is copied to where it cannot import this has its own beside it: what travels between
judge and worker in `inside.limits`, what a cell of a page may print in `publishing.bounded`.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# ---- One submission in the judge; `Limits` below says what its code may use.

#: How often a submission is tried before its infrastructure fault is reported; each time with
#: twice the patience of the time before, and half as many judges side by side.
ATTEMPTS = 3
#: The backstop: so many seconds, and so many more for each second that may be charged.
GRACE_SECONDS, BUSY = 60.0, 10.0
#: Longest wait for walls or a worker to come up, on a machine that is busy with others.
START_SECONDS = 120.0
#: How often a worker is looked at while the judge waits for it, in seconds.
TICK = 0.05
#: Workers that one submission may use up.
MAX_STARTS = 8
#: Processor seconds that the judge spends on one test, comparing and explaining.
MAX_WORK = 60.0
#: Address space that a judge's process may take beyond what it has when it starts, in bytes.
JUDGE_MEMORY = 4 * 2**30
#: Bytes that the judge takes from a worker for one test.
MAX_RECEIVED = 512 * 2**20
#: Functions of the judge's that are lent to student code in one session.
MAX_CALLBACKS = 10_000
#: Bytes that one of them is given at a time: the inputs of all tests are smaller, and what is not
#: interrupted, as a product of matrices, is done with them in seconds.
MAX_ARGUMENTS = 8 * 2**20
#: Characters of one message or traceback that are shown, and of all answers of one submission.
MAX_TEXT, MAX_ANSWERS = 4_000, 2_000_000
#: Characters of a result that another machine sends: all of the above, escaped, and some more.
MAX_REPLY = 32 * 2**20
#: Entries of the largest array whose shape is told: what a message can say is no more than that.
MAX_TOLD = 100_000
#: Notes on a submission, and characters of one.
MAX_NOTES, MAX_NOTE = 100, 200
#: Problems whose mistaken results are remembered, and bytes of the largest that is: a class meets
#: the same few, and what is large is as fast to compute again.
MAX_PROBLEMS, MAX_KEPT_BYTES = 16, 2**14
#: Databases whose compiled statements are kept, and how many statements of each.
MAX_DATABASES, MAX_STATEMENTS = 4, 500
#: Test cells that are kept compiled: more than our five assignments have.
MAX_COMPILED = 512

# ---- A notebook.

#: Bytes of one, with all its outputs, and cells; the largest of the course has under a hundred.
MAX_NOTEBOOK_BYTES, MAX_CELLS = 64 * 2**20, 2_000
#: Lists and objects in the JSON of one: read, each takes some hundred bytes, and three on disk.
MAX_PARTS = 2_000_000

# ---- Downloads of platforms, and what students packed.

#: Files in one download; in a folder, files of one account.
MAX_ENTRIES = 50_000
#: What one hand-in may have: bytes when unpacked, files, archives in archives.
MAX_HAND_IN_BYTES, MAX_HAND_IN_FILES, MAX_DEPTH = 256 * 2**20, 2_000, 3
#: Bytes of the table of contents of an archive that a student packed.
MAX_INDEX_BYTES = 2**20
#: Bytes that one run of collecting unpacks of all hand-ins of one owner: into the exchange students
#: put as many as they like.
MAX_OWNER_BYTES = 4 * 2**30
#: Bytes of a platform's own record; Gradescope repeats the output of all its tests there.
MAX_METADATA_BYTES = 256 * 2**20
#: Bytes of what nbgrader lays beside a hand-in: a time, a secret.
MAX_COMPANION_BYTES = 1_000
#: Bytes of a sheet of grades.
MAX_SHEET_BYTES = 64 * 2**20
#: Bytes of the progress that a reader saved from the book.
MAX_PROGRESS_BYTES = 2**20
#: Characters of a login; a folder's name may have 255 bytes.
MAX_LOGIN = 200
#: Characters of a stranger's text that is shown in one line.
MAX_LINE = 200

# ---- Waiting for programs of our own, in seconds; each may be slow on a busy machine.

#: For another command to finish writing in a course's folder.
LOCK_SECONDS = 120.0
#: For a Dask scheduler to answer.
SCHEDULER_SECONDS = 60.0
#: For JupyterLab to come up.
LAB_SECONDS = 180.0
#: For a published page to say, in a browser, that its cells ran.
PAGE_SECONDS = 180.0
#: For MathJax in a printed book, in the page's own time, which runs as fast as it can.
PRINT_SECONDS = 120.0

# ---- What we send.

#: Bytes that a first visit to a page with its own Python may load.
MAX_ENGINE_BYTES = 25_000_000


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    memory : int
        Address space in bytes.
    cpu : int
        Processor seconds of one worker, in whole.
    wall : float
        Seconds in which the whole submission may compute or sleep.
    call : float
        The same for one cell, or one call of a test.
    files : int
        Open files.
    disk : int
        Bytes in the temporary folder, and in one file.
    output : int
        Characters of printed output that are kept of the whole submission.
    threads : int
        Threads at a time.
    """

    memory: int = 2 * 2**30
    cpu: int = 120
    wall: float = 120.0
    call: float = 20.0
    files: int = 64
    disk: int = 64 * 2**20
    output: int = 50_000
    threads: int = 64


#: The processor time of the thread that asks; a page has one thread, and no clock for it alone.
OWN_TIME: Callable[[], float] = getattr(time, "thread_time", time.process_time)


class Deadline:
    """What is left of a submission's time, or of one call's.

    Parameters
    ----------
    wall, call : float
        Seconds that may be charged, in all and for one call; see `Limits`.
    patience : float
        How much longer than usual the backstop waits.
    clock : callable
        The clock, monotonic and in seconds; there is no other.
    whole : Deadline, optional
        The deadline of which this one is a part.
    processor : callable
        The processor time of the thread that asks, in seconds.

    Examples
    --------
    >>> deadline = Deadline(wall=120, call=20)
    >>> call = deadline.for_call()
    >>> call.charge(15)
    >>> call.left(), deadline.left(), call.over
    (5, 105, False)
    """

    def __init__(
        self,
        wall: float,
        call: float,
        patience: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        whole: "Deadline | None" = None,
        processor: Callable[[], float] = OWN_TIME,
    ) -> None:
        self.wall, self.call, self.patience, self.clock = wall, call, patience, clock
        self.whole, self.processor = whole, processor
        self.used: float = 0
        self.began = clock()

    def charge(self, seconds: float) -> None:
        """Take ``seconds`` away, from the whole too."""
        self.used += seconds
        if self.whole is not None:
            self.whole.charge(seconds)

    @contextlib.contextmanager
    def charged_for_work(self) -> Iterator[None]:
        """Charge for what the judge itself computes meanwhile on what a student's code sent."""
        began = self.processor()
        try:
            yield
        finally:
            self.charge(self.processor() - began)

    def left(self) -> float:
        """Return the seconds that may still be charged."""
        mine = max(0, self.wall - self.used)
        return mine if self.whole is None else min(mine, self.whole.left())

    def for_call(self) -> "Deadline":
        """Return the deadline of a call that begins now."""
        return Deadline(
            min(self.call, self.left()), self.call, self.patience, self.clock, self, self.processor
        )

    @property
    def over(self) -> bool:
        """Whether the student's time is used up."""
        return self.left() <= 0

    def backstop(self) -> float:
        """Return the seconds on the clock after which the machine is to blame."""
        return self.patience * (GRACE_SECONDS + BUSY * self.wall)

    @property
    def late(self) -> bool:
        """Whether the clock says that this machine cannot do it."""
        late = self.clock() - self.began > self.backstop()
        return late or (self.whole is not None and self.whole.late)


class StartDeadline(Deadline):
    """The deadline of a worker that comes up: nothing of a student's runs yet, the clock counts.

    Parameters
    ----------
    patience : float
        How much longer than usual to wait.
    """

    def __init__(self, patience: float) -> None:
        super().__init__(START_SECONDS, START_SECONDS, patience)

    def backstop(self) -> float:
        """Return the seconds on the clock after which the machine is to blame."""
        return self.patience * START_SECONDS
