"""Steps are counted for the function alone; a second device tells what leaves it."""

import contextlib
import gc
import inspect
import queue
import sys
import threading

import array_api_strict as strict
import numpy as np
import pytest

from cs231n_lib.course.inside.metering import (
    CountEnded,
    count_events,
    observe,
    on_device,
    watch_threads,
)


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
    counts = {count_events(allocate, 50)[1] for _ in range(5)}
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
    assert count_events(np.sum, y)[1] == count_events(np.sum, x)[1]
    few, many = (count_events(sum, iter(values.tolist()))[1] for values in (x, y))
    assert few == many
    assert count_events(allocate, 200)[1] > 1.9 * count_events(allocate, 100)[1]


def test_the_call_that_is_counted_returns_its_result():
    calls = []
    result, _ = count_events(lambda n: calls.append(n) or [2 * n], 3)
    assert (result, calls) == ([6], [3])


def endless(n):
    try:
        endless(n + 1)
    except RecursionError:
        return allocate(50)


def loses_its_trace(n):
    inspect.currentframe().f_trace = None
    return [[k] for k in range(n)]


@pytest.mark.parametrize("function", [endless, loses_its_trace])
def test_who_ends_the_counting_is_told_or_counted_all_the_same(function):
    before = sys.gettrace()
    if sys.version_info < (3, 12):
        with pytest.raises(CountEnded):
            count_events(function, 50)
    else:
        assert count_events(function, 50)[1] > 200
    assert sys.gettrace() is before


@pytest.mark.parametrize(
    "end",
    [
        "set_events(3, 0)",
        "free_tool_id(3)",
        "register_callback(3, sys.monitoring.events.INSTRUCTION, None)",
    ],
)
def test_who_ends_the_monitoring_is_told(end):
    if sys.version_info < (3, 12):
        pytest.skip("Python 3.11 has no sys.monitoring")
    with pytest.raises(CountEnded):
        count_events(lambda: eval(f"sys.monitoring.{end}", {"sys": sys}))
    assert sys.monitoring.get_tool(3) is None
    assert count_events(allocate, 50)[1] > 200


def test_new_code_is_counted_when_it_runs_first():
    def run(n):
        names = {}
        exec("def f(n):\n for k in range(n): pass", names)
        names["f"](n)

    counts = [count_events(run, n)[1] for n in (10, 200, 10, 200)]
    assert counts[:2] == counts[2:]
    assert counts[1] > counts[0] + 190


def test_frames_that_come_and_go_end_nothing():
    def generate(n):
        yield from range(n)

    def goes(n):
        with contextlib.suppress(KeyError):
            raise KeyError
        for k in generate(n):
            if k == n - 1:
                break  # the generator is closed in the middle
        both = (-v for v in generate(n))
        return sorted(both, key=lambda v: v % 7)

    assert count_events(goes, 20)[0] == sorted(range(0, -20, -1), key=lambda v: v % 7)


def test_a_result_is_what_it_was_when_the_call_ended():
    x = np.zeros(3)
    (result, rest), _ = count_events(lambda: (x, [x]))
    x[:] = 7
    assert not result.any()
    assert not rest[0].any()


def test_threads_beside_the_call_are_counted():
    asked, done = queue.Queue(), queue.Queue()

    def serve():
        while (n := asked.get()) is not None:
            done.put(allocate(n))

    def ask(n):
        asked.put(n)
        return done.get()

    before = threading.gettrace()
    watch_threads()
    try:
        thread = threading.Thread(target=serve)
        thread.start()
    finally:
        threading.settrace(before)
    few, many = (count_events(ask, n)[1] for n in (10, 10_000))
    asked.put(None)
    thread.join()
    assert many > few + 10_000


def facts(function, *args):
    return on_device(function, args)[1]


def test_arrays_go_to_the_device_and_come_back():
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    result, found = on_device(lambda a, b, k: (a.T @ b, k), (x, x, 3))
    np.testing.assert_array_equal(result[0], x.T @ x)
    assert result[0].dtype == np.float32
    assert found == {"homes": ["device", "int"], "changed": [], "fetched": []}


def test_results_that_left_the_device_are_told():
    x = np.ones(3)
    assert facts(lambda a: np.ones(3), x)["homes"] == ["NumPy"]
    assert facts(lambda a: 1.0, x)["homes"] == ["float"]
    cpu = strict.Device("CPU_DEVICE")
    assert facts(lambda a: strict.asarray(a, device=cpu), x)["homes"] == ["another device"]


def test_changes_on_the_device_are_told_and_stay_there():
    def halve(a):
        a *= 0.5
        return a

    x = np.ones(3)
    assert facts(halve, x)["changed"] == [0]
    assert (x == 1).all()


@pytest.mark.parametrize(
    ("fetch", "told"),
    [
        (lambda a: float(a[0]), "float(x)"),
        (lambda a: int(a[0]), "int(x)"),
        (lambda a: 1 if a[0] > 0 else 0, "the truth of x"),
        (lambda a: [1, 2][strict.asarray(1, device=a.device)], "x as an index"),
        (lambda a: np.from_dlpack(a), "x to another library"),
        (lambda a: str(a), "x as text"),
        (lambda a: a.__reduce__()[1][0], "a copy of x on the host"),
        (lambda a: np.asarray(strict.asarray(a, device=strict.Device("CPU_DEVICE"))), "x to NumPy"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fetching_is_told(fetch, told):
    assert told in facts(fetch, np.ones(2))["fetched"]
    assert float(strict.asarray(2.0)) == 2.0  # unwatched again


def test_what_stands_for_the_device_is_out_of_reach():
    with pytest.raises(AttributeError, match="no attribute '_array'"):
        on_device(lambda a: a._array, (np.ones(2),))
    assert strict.asarray(2.0)._array == 2.0


def test_the_functions_of_the_standard_fetch_nothing():
    """The watched methods are Python's and NumPy's ways out, not the library's own."""

    def use(x, y):
        xp = x.__array_namespace__()
        rows = xp.arange(x.shape[0], dtype=y.dtype, device=x.device)
        mask = y[:, None] == xp.arange(x.shape[1], device=x.device)[None, :]
        z = xp.where(mask, x, xp.zeros_like(x))
        z[:, 0] = xp.clip(x[:, 1], 0.0, 1.0)
        z += xp.astype(mask, x.dtype) * xp.maximum(x, xp.min(x)) + xp.std(x) + 2 * xp.abs(x) ** 0.5
        picked = xp.take(x, y, axis=1), xp.take_along_axis(x, y[:, None], axis=1), x[rows, y]
        more = (
            xp.sort(x, axis=1),
            xp.argmax(x, axis=1),
            xp.concat([x, z]),
            xp.stack([x, x]),
            x[mask],
        )
        linear = xp.linalg.vector_norm(x, axis=1), xp.tensordot(x, z, axes=2), x @ z.T, xp.eye(3)
        return [z, *picked, *more, *linear, xp.mean(xp.exp(x), axis=1, keepdims=True)]

    x = np.random.default_rng(0).normal(size=(3, 4))
    assert facts(use, x, np.array([0, 3, 1]))["fetched"] == []


def test_numbers_in_a_description_are_compared_too():
    def spoil(layers):
        layers[0]["size"] = 4

    assert observe(spoil, ([{"size": 3}],))[1]["changed"] == [0]
    assert observe(len, ([{"size": 3, "scale": float("nan")}],))[1]["changed"] == []
