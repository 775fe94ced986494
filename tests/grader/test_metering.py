"""Steps are counted for the function alone, whatever else Python does meanwhile."""

import gc

import numpy as np
import pytest

from cs231n_lib.course.metering import count_events


def allocate(n):
    return [[k] for k in range(n)]


@pytest.fixture
def busy_collector():
    """Collect garbage at every other allocation, with a callback written in Python."""

    def callback(phase, info):
        for _ in range(1000):
            pass

    before = gc.get_threshold()
    gc.callbacks.append(callback)
    gc.set_threshold(2)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(callback)


def test_collecting_garbage_is_not_counted(busy_collector):
    counts = {count_events(allocate, 50) for _ in range(5)}
    assert len(counts) == 1
    assert counts.pop() < 1000
    assert gc.isenabled()


def test_collecting_goes_on_after_an_error():
    with pytest.raises(ZeroDivisionError):
        count_events(lambda: 1 / 0)
    assert gc.isenabled()


def test_loops_count_and_array_operations_do_not():
    x = np.ones(100)
    y = np.ones(10_000)
    assert count_events(np.sum, y) == count_events(np.sum, x)
    assert count_events(sum, iter(x.tolist())) < 10
    assert count_events(allocate, 200) > 1.9 * count_events(allocate, 100)
