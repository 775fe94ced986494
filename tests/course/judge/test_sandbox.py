"""The walls hold: each wall and each limit has a test that runs into it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cs231n_lib.course import checkout, limits
from cs231n_lib.course.checks.comparison import type_name
from cs231n_lib.course.checks.verdict import StudentError
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.inside import isolation
from cs231n_lib.course.judge.proxies import Client
from cs231n_lib.course.judge.walls import ENVIRONMENT, bubblewrap
from cs231n_lib.course.judge.walls.plain import Unsandboxed

pytestmark = pytest.mark.usefixtures("needs_walls")


@pytest.fixture
def client(walls):
    worker = walls.worker()
    yield Client(worker, limits.Deadline(60.0, 10.0))
    worker.close()


def run(client, source):
    """Run a cell; return what it printed."""
    return client.request(op="run", cell="answer", source=source)["output"]


def evaluate(client, expression):
    run(client, f"value = {expression}")
    return client.ask(op="names", names=["value"])["value"]


def start(walls):
    return Client(walls.worker(), limits.Deadline(60.0, walls.limits.call))


def test_it_is_nobody_in_an_empty_place(client):
    run(client, "import os, socket")
    assert evaluate(client, "os.getuid()") == 65534
    assert evaluate(client, "sorted(os.listdir('/tmp'))") == []
    assert evaluate(client, "socket.gethostname()") == "sandbox"
    inside = set(evaluate(client, "dict(os.environ)"))
    known = {*ENVIRONMENT, *bubblewrap.PRIVATE, "PWD", "KMP_DUPLICATE_LIB_OK"}
    assert inside <= known, "a variable of the judge's is visible"


def test_nothing_of_the_course_is_there(client):
    repository = str(checkout.root())
    run(client, "import os")
    folders = [f"{repository}/{name}" for name in ("solutions", "exercises", "tests", ".git")]
    assert not evaluate(client, f"any(os.path.exists(path) for path in {folders!r})")
    assert not evaluate(client, "os.path.exists('/etc/ssh') or os.path.exists('/etc/passwd')")
    assert "checks" not in evaluate(client, "os.listdir('/library/cs231n_lib/course')")
    assert "neighbors.py" not in evaluate(client, "os.listdir('/library/cs231n_lib')")


@pytest.mark.parametrize("path", ["/x", "/usr/x", "/dev/shm/x", "/library/x", "/proc/x",
                                  "/python/x", "/python/packages/x"])  # fmt: skip
def test_nothing_outside_the_temporary_folder_can_be_written(client, path):
    with pytest.raises(StudentError, match=r"Read-only|Permission|No such file"):
        run(client, f"open({path!r}, 'w').write('x')")


def test_there_is_no_network(client):
    with pytest.raises(StudentError, match="PermissionError"):
        run(client, "import socket\nsocket.create_connection(('192.0.2.1', 80), 3)")


@pytest.mark.parametrize(
    "source",
    [
        "os.fork()",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "subprocess.run(['true'])",
        "os.execv('/bin/true', ['true'])",
        "multiprocessing.Process(target=print).start()",
    ],
)
def test_no_process_can_be_started(client, source):
    with pytest.raises(StudentError, match="PermissionError"):
        run(client, f"import os, subprocess, multiprocessing\n{source}")


@pytest.mark.parametrize(
    "call",
    ["unshare(0x10000000)", "ptrace(0, 0, 0, 0)", "mount(0, b'/', 0, 4096, 0)", "chroot(b'/')",
     "memfd_create(b'x', 0)", "shmget(0, 4096, 0o1777)", "syscall(425, 8, 0)"],
)  # fmt: skip
def test_doors_out_of_the_sandbox_are_shut(client, call):
    run(client, f"import ctypes\nresult = ctypes.CDLL(None, use_errno=True).{call}\n"
                "error = ctypes.get_errno()")  # fmt: skip
    # "Not permitted", or for the calls of younger kernels "no such call".
    assert evaluate(client, "[result, error in (1, 38)]") == [-1, True]


def test_a_thread_is_no_process(client):
    source = "from threading import Thread\nt = Thread(target=lambda: None)\nt.start()\nt.join()"
    assert run(client, source) == ""


def test_signals_reach_nobody_else(client):
    with pytest.raises(StudentError, match="ProcessLookupError"):
        run(client, "import os\nos.kill(2, 15)")
    assert evaluate(client, "[os.getpid(), os.getppid(), os.getpgid(0)]") == [1, 0, 1]


@pytest.mark.parametrize("target", ["0", "-1", "os.getppid()", "-os.getpgid(0)"])
def test_a_process_can_kill_itself_at_most(walls, target):
    first = start(walls)
    before = walls.process
    with contextlib.suppress(StudentError):
        run(first, f"import os\nos.kill({target}, 9)")
    assert evaluate(start(walls), "1 + 1") == 2
    assert walls.process is before
    assert before.poll() is None


def test_memory_is_limited(make_sandbox):
    client = start(make_sandbox(memory=600 * 2**20))
    with pytest.raises(StudentError, match=r"Unable to allocate|MemoryError"):
        run(client, "import numpy as np\nx = np.ones(10**8)")
    assert evaluate(client, "1") == 1  # it goes on


def test_threads_are_limited_by_the_memory_of_their_stacks(make_sandbox):
    client = start(make_sandbox(memory=900 * 2**20))
    with pytest.raises(StudentError, match="can't start new thread"):
        run(
            client,
            "import threading, time\nfor _ in range(1000):\n"
            "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        )


def test_processor_time_is_limited(make_sandbox):
    client = start(make_sandbox(cpu=1))
    with pytest.raises(StudentError, match="processor time"):
        run(client, "while True: pass")


def test_a_call_has_a_deadline(make_sandbox):
    client = start(make_sandbox(call=0.5))
    began = time.monotonic()
    with pytest.raises(StudentError, match="TimeLimit"):
        run(client, "import time\ntime.sleep(60)")
    assert time.monotonic() - began < 60, "the call came to its own end"


def test_open_files_are_limited(client):
    with pytest.raises(StudentError, match="Too many open files"):
        run(client, "files = [open('/dev/null') for _ in range(1000)]")


def test_the_disk_is_limited(make_sandbox):
    client = start(make_sandbox(disk=2**20))
    with pytest.raises(StudentError, match=r"No space|too large"):
        run(client, "open('/tmp/x', 'wb').write(bytes(2**21))")
    with pytest.raises(StudentError, match="No space"):
        run(client, "for n in range(20): open(f'/tmp/{n}', 'wb').write(bytes(10**5))")


def test_output_is_limited(make_sandbox):
    client = start(make_sandbox(output=1000))
    out = run(client, "for _ in range(10**5): print('x' * 100)")
    assert len(out) < 1100
    assert "dropped" in out


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("import os; os._exit(3)", "exit status 3"),
        ("import ctypes; ctypes.string_at(0)", "crash"),
        ("import os; os.close(0); os.closerange(0, 100)", "ended"),
        ("import os; [os.write(n, b'x' * 64) for n in range(3, 20)]", "in place of a result"),
    ],
)
def test_a_dead_worker_is_the_students_fault_and_the_next_is_well(walls, source, how):
    client = start(walls)
    with pytest.raises(StudentError, match=how):
        run(client, f"import os\nfor _ in [0]:\n    try: {source}\n    except OSError: pass")
    assert evaluate(start(walls), "1 + 1") == 2


def test_a_worker_finds_nothing_of_the_one_before(walls):
    first = start(walls)
    run(first, "open('/tmp/left', 'w').write('x')\nimport builtins, numpy\n"
               "builtins.left = numpy.left = 1")  # fmt: skip
    first.worker.close()
    second = start(walls)
    run(second, "import os, builtins, numpy")
    assert evaluate(second, "[os.path.exists('/tmp/left'), hasattr(builtins, 'left'), "
                            "hasattr(numpy, 'left')]") == [False] * 3  # fmt: skip


def test_without_nested_namespaces_the_walls_are_used_once(make_sandbox, monkeypatch):
    monkeypatch.setattr(bubblewrap.Sandbox, "nested", False)
    walls = make_sandbox()
    first = start(walls)
    run(first, "open('/tmp/left', 'w').write('x')")
    before = walls.process
    with pytest.raises(StudentError, match="PermissionError"):
        run(first, "import os\nos.fork()")
    first.worker.close()
    second = start(walls)
    assert walls.process is not before
    run(second, "import os")
    assert evaluate(second, "os.path.exists('/tmp/left')") is False


def test_when_the_judge_is_killed_nothing_stays_behind(library, tmp_path):
    script = f"""
import time
from pathlib import Path
from cs231n_lib.course.limits import Limits
from cs231n_lib.course.judge.walls.bubblewrap import Sandbox

walls = Sandbox(Path({str(library)!r}), Limits())
walls.worker()
print(walls.process.pid, flush=True)
time.sleep(60)
"""
    judge = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid = int(judge.stdout.readline())
    judge.kill()
    judge.wait()
    judge.stdout.close()
    until = time.monotonic() + limits.START_SECONDS
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            break
        if state == "Z":
            break
        time.sleep(0.05)
    else:
        pytest.fail("the sandbox outlived its judge")


def test_blocked_modules_explain_themselves_and_are_not_there(client):
    with pytest.raises(StudentError, match="write your own code"):
        run(client, "import cs231n_lib.neighbors")
    with pytest.raises(StudentError, match=r"No module|not available"):
        run(client, "import sys\nsys.meta_path[:] = sys.meta_path[1:]\nimport cs231n_lib.neighbors")


def test_missing_isolation_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    bubblewrap.why_not_isolated.cache_clear()
    try:
        with pytest.raises(UserError, match=r"apt install bubblewrap[\s\S]*--unsafe"):
            bubblewrap.require_isolation()
    finally:
        monkeypatch.undo()
        bubblewrap.why_not_isolated.cache_clear()


def test_proxies_carry_objects_exceptions_and_callbacks(client):
    run(
        client,
        """
class Net:
    def __init__(self, w): self.params = {"w": w}
    def loss(self, x): return (self.params["w"] * x).sum(), {"w": x}
def grad(f, x):
    h = 1e-5
    return (f(x + h) - f(x - h)) / (2 * h)
def fail(x): raise ValueError("no")
def spoil(x): x[0] = 9; return x
""",
    )
    names = client.ask(op="names", names=["Net", "grad", "fail", "spoil"])
    net = names["Net"](np.ones(2, np.float32))
    loss, grads = net.loss(np.arange(2.0))
    assert loss == 1.0
    assert grads["w"].tolist() == [0.0, 1.0]
    net.params = {"w": 3.0}
    assert net.params == {"w": 3.0}
    assert abs(names["grad"](lambda x: x**2, 3.0) - 6) < 1e-6
    with pytest.raises(StudentError, match="ValueError: no") as info:
        names["fail"](1)
    assert "fail" in info.value.traceback
    assert names["spoil"].observe(np.zeros(2))[1]["changed"] == [0]
    assert names["grad"].count_events(lambda x: x, 1.0)[1] > 5


def test_what_a_function_of_the_judges_is_given_has_a_bound(client):
    run(client, "import numpy as np\ndef use(f, n): return f(np.ones(n, np.int8))")
    use, seen = client.ask(op="names", names=["use"])["use"], []
    use(lambda x: seen.append(x.size), limits.MAX_ARGUMENTS // 2)
    with pytest.raises(StudentError, match="no more than 8 MiB"):
        use(lambda x: seen.append(x.size), limits.MAX_ARGUMENTS)
    assert seen == [limits.MAX_ARGUMENTS // 2]


def test_the_class_of_an_object_is_told_by_known_names_alone(client):
    run(client, "class Secret: pass\ndef use(how): return Secret() if how else iter(())")
    use = client.ask(op="names", names=["use"])["use"]
    assert [type_name(use(how)) for how in (1, 0)] == ["object", "object"]
    run(client, "def use(how): return print if how else (n for n in ())")
    use = client.ask(op="names", names=["use"])["use"]
    assert type_name(use(0)) == "generator"


def test_no_core_is_left_behind(client):
    # Of a process that leaves none the system itself owns what tells of it.
    process = client.worker.meter.tasks.parent
    assert (process / "environ").stat().st_uid != (process / "task").stat().st_uid


def test_an_exception_in_a_callback_reaches_the_student_without_the_judges_code(client):
    def secret(x):
        raise KeyError("hint")

    run(client, "def use(f):\n    try: f(1)\n    except Exception as e: return repr(e)")
    answer = client.ask(op="names", names=["use"])["use"](secret)
    assert answer == """RuntimeError("KeyError: 'hint'")"""


def test_the_filter_is_made_for_every_known_machine(monkeypatch):
    for machine in isolation._MACHINES:
        monkeypatch.setattr("platform.machine", lambda machine=machine: machine)
        assert len(isolation.filter_program()) % 8 == 0


def test_an_unsandboxed_worker_speaks_the_same_language(library):
    plain = Unsandboxed(library, limits.Limits())
    client = Client(plain.worker(), limits.Deadline(60.0, 20.0))
    assert evaluate(client, "6 * 7") == 42
    with pytest.raises(StudentError, match="exit status 4"):
        run(client, "import os\nos._exit(4)")
    plain.stop()
    assert os.getpid()


@pytest.mark.parametrize("nested", [True, False])
def test_signals_to_everybody_end_no_one_but_their_sender(make_sandbox, monkeypatch, nested):
    """Where namespaces are not nested the warm parent is there to be seen."""
    monkeypatch.setattr(bubblewrap.Sandbox, "nested", nested)
    walls = make_sandbox()
    worker = start(walls)
    with contextlib.suppress(StudentError):  # the first process of a namespace hears none of them
        run(worker, "import os, signal\n"
                    "for number in sorted(signal.valid_signals(), reverse=True):\n"
                    "    for who in (1, 2, 3, -1):\n"
                    "        try: who == os.getpid() or os.kill(who, number)\n"
                    "        except OSError: pass\n"
                    "os.kill(os.getpid(), signal.SIGTERM)")  # fmt: skip
    assert walls.process.poll() is None
    assert evaluate(start(walls), "1 + 1") == 2


def test_a_worker_hears_signals_as_any_process_does(walls):
    worker = start(walls)
    run(worker, "import signal")
    heard = evaluate(worker, "[int(signal.getsignal(n)) for n in (15, 10, 14, 34, 13)]")
    assert heard == [signal.SIG_DFL] * 4 + [signal.SIG_IGN]
    assert "default_int_handler" in evaluate(worker, "repr(signal.getsignal(2))")


def test_a_worker_hears_what_its_judge_was_told_to_ignore(make_sandbox):
    deaf_to = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in deaf_to]
    try:
        walls = make_sandbox()
        worker = start(walls)
    finally:
        for number, handler in zip(deaf_to, before, strict=True):
            signal.signal(number, handler)
    run(worker, "import signal")
    assert evaluate(worker, "[int(signal.getsignal(n)) for n in (1, 15)]") == [signal.SIG_DFL] * 2
    assert "default_int_handler" in evaluate(worker, "repr(signal.getsignal(2))")
