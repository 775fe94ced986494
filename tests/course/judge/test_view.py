"""What stands inside the walls: what is named and nothing else, the same for every submission."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from cs231n_lib.course import limits
from cs231n_lib.course.judge.line import InfrastructureError
from cs231n_lib.course.judge.proxies import Client
from cs231n_lib.course.judge.walls import bubblewrap, python

pytestmark = pytest.mark.usefixtures("needs_walls")
CANARY = "canary-" + "4711" * 8
READ_ALL = f"""
import os
found = []
for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/dev")): continue
    for name in files:
        path = os.path.join(folder, name)
        try:
            with open(path, "rb") as file: text = file.read(2**20)
        except OSError: continue
        if {CANARY[:6]!r} + {CANARY[6:]!r} in text.decode(errors="replace"): found.append(path)
"""
SURVEY = """
import os, stat
def mode(n):
    try: found = os.fstat(n)
    except OSError: return None
    return [stat.S_IFMT(found.st_mode), found.st_rdev, found.st_size]
survey = [[n, mode(n)] for n in range(1024) if mode(n)]
survey += [[d, sorted(os.listdir(d))] for d in ("/", "/tmp", "/dev", "/library", "/proc")]
survey.append(os.getpid()); survey.append(sorted(os.environ))
"""


def ask(walls, source, name):
    client = Client(walls.worker(), limits.Deadline(60.0, 60.0))
    client.request(op="run", cell="answer", source=source)
    found = client.ask(op="names", names=[name])[name]
    client.worker.close()
    return found


def test_canaries_of_the_host_are_not_found_by_reading_everything(make_sandbox, library, tmp_path):
    standard = Path(sysconfig.get_path("stdlib"))
    folders = [Path(sysconfig.get_path("purelib")), standard / "site-packages", standard,
               library.parent, tmp_path, Path("/usr/local/lib"), Path("/var/tmp"),
               Path("/usr/src")]  # fmt: skip
    places = [folder / "cs231n_canary.py" for folder in folders]
    placed = []
    try:
        for place in places:
            if place.parent.is_dir() and os.access(place.parent, os.W_OK):
                place.write_text(f"text = '{CANARY}'\n")
                placed.append(place)
        assert len(placed) >= 4, placed
        walls = make_sandbox()
        assert ask(walls, READ_ALL, "found") == []
        walls.stop()
    finally:
        for place in placed:
            place.unlink()


def test_the_search_for_canaries_finds_one_that_is_there(walls):
    """A check of the check."""
    planted = f"open('/tmp/x', 'w').write({CANARY!r})\n{READ_ALL}"
    assert ask(walls, planted, "found") == ["/tmp/x"]


def test_the_hundredth_worker_sees_what_the_first_saw(walls):
    dirty = "files = [open(f'/tmp/{n}', 'w') for n in range(20)]\nimport os\nos.dup2(0, 40)\nx = 1"
    first = ask(walls, SURVEY, "survey")
    for _ in range(98):
        ask(walls, dirty, "x")
    assert ask(walls, SURVEY, "survey") == first
    assert [n for n, _ in first[:-2] if isinstance(n, int)] == [0, 1, 2, 3]


def test_where_the_course_would_be_seen_nothing_starts(library, monkeypatch):
    view = python.see((), library.parent)
    monkeypatch.setattr(
        bubblewrap, "see", lambda *_: python.Python((*view.shown, ("/", "/everything")), ())
    )
    with pytest.raises(InfrastructureError, match="students' code may see"):
        bubblewrap.bubblewrap_command(library, limits.Limits(), True)


def test_packages_are_named_and_come_with_what_they_need():
    needed = python.requirements(("numpy", "matplotlib"))
    assert {"numpy", "matplotlib", "pillow", "contourpy"} <= needed.keys()
    assert not {"nbgrader", "scipy", "cs231n-lib"} & python.requirements(python.ALLOWED).keys()


PROBE = """
import sys
from pathlib import Path
from cs231n_lib.course.limits import Deadline, Limits
from cs231n_lib.course.judge.proxies import Client
from cs231n_lib.course.judge.walls.bubblewrap import Sandbox
Sandbox.nested = sys.argv[2] == "nested"
walls = Sandbox(Path(sys.argv[1]), Limits())
client = Client(walls.worker(), Deadline(60.0, 60.0))
client.request(op="run", cell="a", source="import os, numpy; x = [os.getuid(), os.listdir('/')]")
print(client.ask(op="names", names=["x"])["x"])
walls.stop()
"""


@pytest.mark.parametrize("nested", ["nested", "flat"])
def test_the_walls_stand_with_and_without_nested_namespaces(nested, library):
    told = subprocess.run(
        [sys.executable, "-c", PROBE, str(library), nested], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("[65534, "), told.stdout
    assert ("'proc'" in told.stdout) == (nested == "nested")
