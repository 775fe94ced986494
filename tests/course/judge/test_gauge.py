"""Meters that were replaced are found; those of honest answers are as they were."""

import sys

import numpy as np
import pytest

from cs231n_lib.course import limits
from cs231n_lib.course.checks.verdict import StudentError
from cs231n_lib.course.judge.gauge import suspicions
from cs231n_lib.course.judge.proxies import Client
from cs231n_lib.course.judge.walls.plain import Unsandboxed

FIRST = """
import sys
import numpy as np
from cs231n_lib.course.inside import metering
FACTS = {"changed": [], "read_only": False, "relatives": []}
DEVICE = {"homes": ["device"], "changed": [], "fetched": []}
"""
LIES = {
    "count_events": (
        "metering.count_events = lambda f, /, *a, **k: (f(*a, **k), 7)",
        "metering._by_trace = metering._by_monitoring = lambda call: (call(), 7, True)",
        # Nothing is counted by it from Python 3.12 on, and nothing is changed.
        *["sys.settrace = lambda *a: None"] * (sys.version_info < (3, 12)),
    ),
    "observe": (
        "metering.observe = lambda f, a, k: (f(*a, **k), FACTS)",
        "metering._same = lambda *a: True",
    ),
    "on_device": ("metering.on_device = lambda f, a: (f(*a), DEVICE)",),
}
CODE = "\ndef double(x):\n    return 2 * x\n\ndef range(*a): raise ValueError\n"


@pytest.fixture
def measure(library):
    """Return a function that measures `double` in a worker that has run ``source``."""
    workers = Unsandboxed(library, limits.Limits())
    known = {}

    def measured(how, source):
        if source not in known:
            client = Client(workers.worker(), limits.Deadline(60.0, 20.0))
            client.request(op="run", cell="c", source=source, helpers=False)
            known[source] = client.ask(op="names", names=["double"])["double"]
        return getattr(known[source], how)(np.ones(2))

    yield measured
    for double in known.values():
        double._client.worker.close()
    workers.stop()


@pytest.mark.parametrize("how", LIES)
def test_an_honest_answer_is_measured_whatever_names_it_has(measure, how):
    assert measure(how, CODE)


@pytest.mark.parametrize(("how", "lie"), [(how, lie) for how in LIES for lie in LIES[how]])
def test_a_meter_that_was_replaced_is_found(measure, how, lie):
    with pytest.raises(StudentError, match=r"changes how it is measured|was ended"):
        measure(how, FIRST + lie + CODE)


@pytest.mark.parametrize("sent", ["7", "(x,)", "(x, 7, 7)", "(x, True)", "(x, 7.0)"])
def test_what_is_no_result_with_its_steps_is_refused(measure, sent):
    lie = f"metering.count_events = lambda f, x: {sent}"
    with pytest.raises(StudentError, match="something else in place of a result"):
        measure("count_events", FIRST + lie + CODE)


def test_who_is_found_out_is_found_out_again_in_the_same_test(measure):
    for _ in range(2):
        with pytest.raises(StudentError, match="changes how it is measured"):
            measure("observe", FIRST + LIES["observe"][0] + CODE)


def test_each_test_is_gauged_and_no_more_than_once(library):
    workers = Unsandboxed(library, limits.Limits())
    line = workers.worker()
    try:
        client = Client(line, limits.Deadline(60.0, 20.0))
        client.request(op="run", cell="c", source=CODE, helpers=False)
        double = client.ask(op="names", names=["double"])["double"]
        asked, request = [], client.request

        def counting(**message):
            asked.append(message["op"])
            return request(**message)

        client.request = counting
        for _ in range(2):
            client.begin_test()
            double(np.ones(2))
            counts = []
            for _ in range(3):
                double.observe(np.ones(2))
                counts.append(len(asked))
            assert counts[2] - counts[1] == 1 < counts[0]
    finally:
        line.close()
        workers.stop()


@pytest.mark.parametrize(
    "source",
    [
        "from sys import settrace",
        "import sys\nsys.setprofile(None)",
        "from cs231n_lib.course.inside import metering",
        "import cs231n_lib.course.inside.metering",
        "def f(g):\n    return g.f_back",
        "import sys\nquiet = sys.gettrace() is None",
        "from threading import Thread",
        "from cs231n_lib.course.inside.metering import count_events",
        "from concurrent.futures import ThreadPoolExecutor",
        "import gc\nquiet = gc.isenabled()",
        "import sys\nsys.addaudithook(print)",
        "from multiprocessing.pool import ThreadPool",
        "import sys\nquiet = getattr(sys, 'settrace')",
        "import sys\nquiet = getattr(sys, 'set' + 'trace')",
        "look = getattr",
        "change = setattr",
        "import sys\nsetattr(sys, 'set' + 'trace', None)",
        "def f(frame):\n    match frame:\n        case object(f_back=above): return above",
    ],
)
@pytest.mark.parametrize("helpers", [False, True])
def test_code_that_names_the_tools_of_a_lie_gets_a_note(source, helpers):
    within = f"def lie():\n    {source.replace(chr(10), chr(10) + '    ')}"
    other = "x = 'settrace'  # metering\ny = getattr(x, 'device', None)"
    (note,) = suspicions([("double", within, helpers), ("mean", other, False)])
    assert note.startswith("double names")


def test_of_a_cell_of_the_students_own_only_what_runs_gets_a_note():
    assert suspicions([("cell 3", "vars()", False)])
    assert not suspicions([("cell 3", "vars()", True)])


LIAR = """
FACTS = {"changed": [8369, -1, 0.5, "SEEN"], "read_only": False, "relatives": ["SEEN", "matrix"]}
DEVICE = {"homes": ["SEEN", "device", 7], "changed": [2**60], "fetched": ["SEEN", "float(x)"]}
real = metering.observe, metering.on_device
def own(f): return f.__name__.startswith("_")
metering.observe = lambda f, a, k: real[0](f, a, k) if own(f) else (f(*a), FACTS)
metering.on_device = lambda f, a: real[1](f, a) if own(f) else (f(*a), DEVICE)
"""


def test_a_meter_that_lies_says_nothing_of_its_own(measure):
    assert measure("observe", FIRST + LIAR + CODE)[1] == {
        "changed": [], "read_only": False, "relatives": ["matrix", "relative of ndarray"],
    }  # fmt: skip
    assert measure("on_device", FIRST + LIAR + CODE)[1] == {
        "homes": ["object", "device", "object"],
        "changed": [],
        "fetched": ["float(x)", "something"],
    }
