"""Whatever one argument is replaced by, it is taken as what it is or refused in words of ours."""

import traceback
import warnings

import numpy as np
import pytest

import cs231n_lib as cs
from cs231n_lib import layers
from tests.library import calls
from tests.library.calls import CALLS, rows


class Stranger:
    """An object that nothing here knows."""


def _matrix():
    with warnings.catch_warnings(action="ignore"):  # NumPy advises against it too
        return np.matrix(np.zeros((5, 4)))


WRONG = [
    *(None, "abc", "", "3", b"ab", True, -1, 0, 1, 2.5, -2.5, float("nan"), float("inf"), 1 + 2j),
    *([], [1, [2]], [3], (), {}, {"a": 1}, frozenset([1]), range(3), slice(1), ..., NotImplemented),
    *(
        Stranger(),
        Stranger,
        object,
        np.int64,
        np.float64(2),
        np.int8(1),
        np.array([1]),
        np.zeros(()),
    ),
    *(np.zeros(0), np.zeros((0, 3)), np.zeros((2,) * 5), np.array(["a", "b"]), np.array([None, 1])),
    *(np.full((5, 4), np.nan), np.full((5, 4), np.inf), np.zeros((5, 4), complex)),
    *(np.zeros((5, 4), bool), np.zeros((5, 4), int), np.zeros((5, 4), np.float16)),
    *(np.zeros((5, 4), np.longdouble), np.zeros((5, 4), ">f4"), np.zeros((5, 4), "M8[s]")),
    *(np.array([0, 1, 2, 0, -1]), np.array([0, 1, 2, 0, 3]), np.array([0, 1, 2, 0, 0.5])),
    *(np.ma.masked_array(np.zeros((5, 4)), True), _matrix()),
    *(np.zeros(3, [("a", "f4")]), iter([1, 2])),
]


def test_everything_public_is_called():
    functions = {name for name in cs.__all__ if callable(getattr(cs, name))}
    # These take no argument of a kind, or are raised and never called.
    excused = {"DivergenceError", "LinearSVM", "Softmax", "array_namespace", "gpu_is_available"}
    missing = functions - excused - set(CALLS)
    assert not missing, f"tests/library/calls.py has no right call of {sorted(missing)}"


@pytest.mark.parametrize("name", CALLS)
def test_a_right_call_is_right(name):
    function, arguments = CALLS[name]
    function(**arguments)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_argument_is_refused_by_a_sentence_of_ours(name):
    function, arguments = CALLS[name]
    strays = []
    for argument in arguments:
        for wrong in WRONG:
            try:
                function(**{**arguments, argument: wrong})
            except Exception as error:
                if not _is_ours(error):
                    strays.append(f"{argument}={wrong!r:.40}: {type(error).__name__}: {error}")
    assert not strays, "\n".join(strays)


def _is_ours(error):
    """Tell whether a `raise` of the package speaks, and not what it happened to call.

    A function that the caller has given may raise what it likes.
    """
    last = traceback.extract_tb(error.__traceback__)[-1]
    ours = isinstance(error, TypeError | ValueError | ArithmeticError) and "raise" in last.line
    return last.filename == calls.__file__ or ("cs231n_lib" in last.filename and ours)


@pytest.mark.parametrize(
    ("name", "flag"),
    [(n, a) for n, (_, arguments) in CALLS.items() for a, v in arguments.items() if v is True]
    + [(n, a) for n, (_, arguments) in CALLS.items() for a, v in arguments.items() if v is False],
)
@pytest.mark.parametrize("wrong", ["no", 0, None])
def test_what_is_no_truth_value_is_not_taken_for_one(name, flag, wrong):
    function, arguments = CALLS[name]
    with pytest.raises(TypeError, match=f"{flag} must be True or False"):
        function(**{**arguments, flag: wrong})


def test_sizes_of_eight_bits_do_not_overflow():
    x, eleven, thirteen = rows(1, 1, 30, 30), np.int8(11), np.int8(13)
    assert cs.im2col(x, eleven, thirteen).shape == (1, 143, 20 * 18)
    pool = {"pool_height": eleven, "pool_width": thirteen, "stride": np.int8(19)}
    assert cs.avg_pool_forward(x, {**pool, "floor": True})[0].shape == (1, 1, 2, 1)
    conv = layers.Conv(np.int8(100), np.int8(9), np.int8(1), np.int8(4))
    assert conv.multiply_adds((100, 64, 64)) == 100 * 81 * 100 * 64 * 64
    assert layers.FC(np.int8(100)).multiply_adds((100,)) == 10_000
    out, _ = cs.conv_forward(
        x, rows(1, 1, 3, 3), rows(1), {"stride": np.int8(1), "pad": np.int8(1)}
    )
    assert out.shape == x.shape
