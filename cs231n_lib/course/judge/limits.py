"""The limits of one submission, and the bounds that the judge sets on a stranger's data."""

from dataclasses import dataclass

START_SECONDS = 60.0


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    memory : int
        Address space in bytes.
    cpu : int
        Processor seconds, in whole.
    wall : float
        Seconds on the clock for the whole submission.
    call : float
        Seconds on the clock for one cell or one call of a test.
    files : int
        Open files.
    disk : int
        Bytes in the temporary folder, and in one file.
    output : int
        Characters of printed output that are kept.
    """

    memory: int = 2 * 2**30
    cpu: int = 120
    wall: float = 120.0
    call: float = 20.0
    files: int = 64
    disk: int = 64 * 2**20
    output: int = 50_000


ATTEMPTS = 3
#: How much longer than its deadline a judge may take over a submission before it is replaced.
GRACE_SECONDS = 60.0
