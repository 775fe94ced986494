"""Fill the numbers into the lecture's pattern, which has letters in their place.

``INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC`` says how such networks look,
not how large they are. `fill_in` turns it into a pattern that `cs231n_lib.nets.pattern` reads.
"""

import re

from cs231n_lib._arguments import check_count, check_counts, check_text, check_whole

__all__ = ["fill_in"]

_REPEAT = re.compile(r"\*\s*([A-Z])\b")
_BARE = re.compile(r"\b(INPUT(?!\s*\[)|CONV(?!\d)|POOL(?!\d)|FC(?!-))")


def fill_in(
    pattern: str,
    *,
    input_shape: tuple[int, int, int] = (3, 32, 32),
    conv: str = "CONV3-16",
    pool: str | None = "POOL2",
    fc: str = "FC-64",
    num_classes: int = 10,
    **repeats: int,
) -> str:
    """Put numbers into a pattern with letters, such as the lecture's.

    Parameters
    ----------
    pattern : str
        A pattern in which ``INPUT``, ``CONV``, ``POOL``, ``POOL?`` and ``FC`` may stand without
        numbers, and repetitions may be letters: ``*N``.
    input_shape : tuple of int
        (C, H, W), for ``INPUT``.
    conv, fc : str
        What to write for ``CONV``, and for every ``FC`` but the last layer.
    pool : str or None
        What to write for ``POOL``. None leaves out ``POOL?``, "pooling or not".
    num_classes : int
        Neurons of the last layer, if that is an ``FC``.
    **repeats : int
        One number for each letter in the pattern: ``N=2``.

    Returns
    -------
    str
        A pattern for :func:`cs231n_lib.nets.pattern.parse` and ``build``.

    Raises
    ------
    TypeError
        If a repetition or a size is not a whole number, or a text is none.
    ValueError
        If a size is out of range, a letter has no number, a number no letter, or a ``POOL`` that
        is not optional is left out.

    Notes
    -----
    Lecture section "Convolutional networks". There N and K are rarely above 3.

    Examples
    --------
    >>> lecture = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"
    >>> fill_in(lecture, N=2, M=3, K=1)
    'INPUT[32x32x3] -> [[CONV3-16 -> RELU]*2 -> POOL2]*3 -> [FC-64 -> RELU]*1 -> FC-10'
    >>> fill_in(lecture, N=1, M=2, K=0, pool=None)
    'INPUT[32x32x3] -> [[CONV3-16 -> RELU]*1]*2 -> [FC-64 -> RELU]*0 -> FC-10'
    """
    for name, text in (("pattern", pattern), ("conv", conv), ("fc", fc)):
        check_text(name, text)
    if pool is not None:
        check_text("pool", pool)
    check_count("num_classes", num_classes)
    channels, height, width = check_counts("input_shape", input_shape, length=3)
    letters = set(_REPEAT.findall(pattern))
    for missing, what in (
        (letters - repeats.keys(), "the pattern repeats {0} times: say how many, {0}=2"),
        (repeats.keys() - letters, "the pattern has no *{0} that {0}= could fill"),
    ):
        if missing:
            raise ValueError(what.format(min(missing)))
    for letter, times in repeats.items():
        check_whole(letter, times, 0)
    pattern = _REPEAT.sub(lambda match: f"*{repeats[match[1]]}", pattern)
    if pool is None:
        pattern = re.sub(r"\s*->\s*POOL\s*\?(?!\s*[01])", "", pattern)
        if re.search(r"\bPOOL(?!\d)", pattern):
            raise ValueError("pool=None leaves out POOL? behind an arrow, and this POOL is another")
    else:
        pattern = re.sub(r"\bPOOL\s*\?(?!\s*[01])", "POOL", pattern)
    words = {"INPUT": f"INPUT[{height}x{width}x{channels}]", "CONV": conv, "POOL": pool, "FC": fc}
    pattern = re.sub(r"\bFC\s*$", f"FC-{num_classes}", pattern)
    return _BARE.sub(lambda match: str(words[match[1]]), pattern)
