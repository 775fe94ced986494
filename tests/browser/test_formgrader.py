"""nbgrader's formgrader, in a browser, on what our judge has left in the gradebook."""

import csv
import io
import os
import socket
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from cs231n_lib.course.cli import app
from cs231n_lib.course.judge.walls import bubblewrap
from tests.course.conftest import make_course
from tests.course.notebooks import notebook, submission, to_bytes
from tests.ports import free_ports

pytestmark = [pytest.mark.browser, pytest.mark.slow]


#: What would run in the browser of whoever grades, with all that they may do there.
EVIL = (
    '<script>window.owned = 1</script><img src="x" onerror="window.owned = 1">'
    "[a link](javascript:window.owned=1) "
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one graded submission, whose written answer waits for a person."""
    if bubblewrap.why_not_isolated():
        pytest.skip(bubblewrap.why_not_isolated())
    course = make_course(tmp_path_factory.mktemp("course"))
    path = course.root / "in" / "anne" / "a1.ipynb"
    path.parent.mkdir(parents=True)
    wrong = submission(mean="def mean(x):\n    return 0.0")
    assert wrong != to_bytes(notebook())
    written = EVIL.replace('"', '\\"') + "Since the sun is low. $a < b$"
    path.write_bytes(wrong.replace(b"Because.", written.encode()))
    run(course, "collect", "a1", str(path.parent.parent))
    run(course, "grade", "a1", "-n", "1")
    return course


def run(course, *words):
    done = CliRunner().invoke(app, [*words, "--course", str(course.root)])
    assert done.exit_code == 0, (done.output, done.exception)


@pytest.fixture(scope="module")
def formgrader(course, tmp_path_factory):
    """The address of a Jupyter server that runs in the course's folder."""
    [port] = free_ports(1)
    home = tmp_path_factory.mktemp("home")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root",
         f"--ServerApp.root_dir={course.root}", "--ServerApp.ip=127.0.0.1",
         f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
         "--ServerApp.jpserver_extensions=nbgrader.server_extensions.formgrader=True"],
        cwd=course.root, env={**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}/formgrader"
    server.terminate()
    server.wait(timeout=60)


def grades(course, tmp_path):
    path = tmp_path / "grades.csv"
    run(course, "export", "a1", "--partial", "-o", str(path))
    return next(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


def test_points_and_a_comment_given_by_hand_reach_the_export(
    course, formgrader, chromium, expect, tmp_path
):
    before = grades(course, tmp_path)
    assert (before["score"], before["needs_manual_grade"]) == ("3.0", "True")
    page = chromium.new_page()
    page.route("https://**", lambda route: route.abort())  # formulas are set by a script from afar
    page.goto(f"{formgrader}/gradebook/a1/a1")
    page.get_by_role("link", name="Submission #1").click()

    answer = page.locator(".cell", has_text="Since the sun is low.").last
    expect(answer).to_be_visible()
    expect(page.get_by_text("0 of 1 points. not the mean")).to_be_visible()
    assert "HIDDEN" not in page.content()
    links = page.get_by_role("link", name="a link").all()
    assert {link.evaluate("link => link.protocol") for link in links} <= {"http:", "https:"}
    assert page.evaluate("window.owned") is None
    # The page listens once it has written this.
    expect(page.get_by_placeholder("Type any comments here").last).to_be_visible()
    with page.expect_response(lambda r: "/api/grade/" in r.url and r.request.method == "PUT"):
        page.locator("input#why.score").fill("1.5")
        page.locator("input#why.score").press("Tab")
    with page.expect_response(lambda r: "/api/comment/" in r.url and r.request.method == "PUT"):
        page.locator("textarea#why-comment").fill("Half of it: and at night?")
        page.locator("textarea#why-comment").press("Tab")
    page.reload()
    expect(page.locator("input#why.score")).to_have_value("1.5")
    expect(page.locator("textarea#why-comment")).to_have_value("Half of it: and at night?")
    page.close()

    after = grades(course, tmp_path)
    assert (after["score"], after["needs_manual_grade"]) == ("4.5", "False")
    run(course, "grade", "a1", "-n", "1", "--yes")
    assert grades(course, tmp_path)["score"] == "4.5"
