"""What the guides tell people to type: there is such a command, and a test runs it or none can."""

import re
import shlex

import pytest
import typer.main

from cs231n_lib.course import checkout
from cs231n_lib.course.cli import app

TEACHING = checkout.root() / "book" / "teaching"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(TEACHING.glob("*.md"))}
PAGES["README.md"] = (checkout.root() / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: Blocks whose lines are typed into a terminal; the others have a language of their own.
TYPED = ("sh", "console", "")
INLINE = re.compile(r"`(cs231n [^`]+)`")
#: Pages all of whose commands (of these blocks) one test runs, in their order.
WHOLE = {
    ("course.md", "sh"): "tests/course/commands/test_guide.py",
    ("students.md", ""): "tests/course/student/test_guide.py",
}
HUB = "tests/browser/test_jupyterhub.py"
COMMANDS = "tests/course/classroom/test_commands.py"
#: Command -> the test that runs it or the like, and a piece of the line there.
ELSEWHERE = {
    "cp -r hub /srv/hub": (HUB, '"cp", "-r"'),
    "install -d -m 1777 /srv/nbgrader/exchange": (HUB, '"install", "-d"'),
    "PATH=/opt/course/bin:$PATH jupyterhub -f /srv/hub/jupyterhub_config.py":
        (HUB, 'hub.start("/srv/hub/jupyterhub_config.py")'),
    "nbgrader release_assignment a1": (HUB, "cs231n release a1 && nbgrader release_assignment a1"),
    "cs231n release a1": (HUB, "cs231n release a1"),
    "cs231n collect a1 /srv/nbgrader/exchange/vision/inbound": (HUB, "cs231n collect a1 {inbound}"),
    "nbgrader release_feedback a1": (HUB, "cs231n feedback a1 && nbgrader release_feedback a1"),
    "cs231n collect a1 download.zip": (COMMANDS, '"collect"'),
    "cs231n grade a1": (COMMANDS, '"grade"'),
    "cs231n report a1": (COMMANDS, '"report"'),
    "cs231n feedback a1": (COMMANDS, '"feedback"'),
    "cs231n collect a1 submissions.zip grades.csv": ("benchmarks/term.py", '"collect"'),
    "cs231n book publish site": ("tests/browser/conftest.py", "publish.publish(folder)"),
    "cs231n book new ours": ("tests/course/project/test_wheel.py", '"book", "new", "ours"'),
    "cs231n book serve --port 8900 --no-open --behind https://hub.example.edu/user/anne/book/":
        ("tests/browser/test_proxy.py", "behind=address"),
    "cs231n data fetch": ("tests/course/commands/test_data_commands.py", '"fetch"'),
    "cs231n data verify": ("tests/course/commands/test_data_commands.py", '"verify"'),
    "cs231n book engine": (".ci/run", "cs231n book engine"),
    "make install": (".ci/run", "make install"),
    "make test": (".ci/run", "make test"),
}  # fmt: skip
#: What no test types, and why.
UNTRIED = {
    "podman build -t course ../image": "needs Podman and the network",
    'podman run --rm -v "$PWD:/course" --security-opt seccomp=unconfined --security-opt unmask=ALL '
    "course grade a1": "needs Podman",
    'podman run --rm -v "$PWD:/course" -p 127.0.0.1:8888:8888 --entrypoint jupyter course lab '
    "--ip 0.0.0.0": "needs Podman",
    "python3 -m venv /opt/course": "Python's own",
    '/opt/course/bin/pip install "cs231n_lib-0.1.0-py3-none-any.whl[course,hub]"':
        "needs a package index",
    'pip install "cs231n_lib-0.1.0-py3-none-any.whl[book,course]"': "needs a package index",
    'pip install "cs231n_lib[postgres]"': "needs a package index",
    "createdb cs231n": "PostgreSQL's own",
    "make book": "ends when the reader wants it to",
    ". .venv/bin/activate": "the shell's own",
    "cs231n --install-completion": "writes into the reader's home folder; the words are tested",
    "python -m venv .venv": "Python's own",
    '.venv/bin/pip install -c constraints.txt -e ".[book,course,test,cluster]"':
        "needs a package index; `make install` does it",
    ".venv/bin/cs231n book serve": "ends when the reader wants it to",
    ".venv/bin/cs231n test": "runs this test",
    "export CS231N_DATA_DIR=...": "the shell's own",
}  # fmt: skip


def commands(page):
    """Yield the language of each block of a page, and each command in it."""
    for language, body in BLOCK.findall(PAGES[page]):
        if language not in TYPED:
            continue
        lines = [line for line in body.splitlines() if line.strip()]
        if language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        for line in lines:
            for command in re.sub(r"\s+# .*$", "", line).split(" && "):
                if not command.startswith("cd "):
                    yield language, command.strip()


SHOWN = {(page, *found) for page in PAGES for found in commands(page)}


def test_every_command_of_the_guides_is_run_by_a_test_or_said_to_be_untried():
    left = {
        command
        for page, language, command in SHOWN
        if (page, language) not in WHOLE and command not in {**ELSEWHERE, **UNTRIED}
    }
    assert left == set()


def test_the_lists_have_no_command_that_no_guide_has():
    assert {*ELSEWHERE, *UNTRIED} <= {command for _, _, command in SHOWN}
    assert not ELSEWHERE.keys() & UNTRIED.keys()
    assert {(page, language) for page, language, _ in SHOWN} >= set(WHOLE)


@pytest.mark.parametrize("command", ELSEWHERE)
def test_what_runs_a_command_is_there(command):
    path, piece = ELSEWHERE[command]
    assert piece in (checkout.root() / path).read_text(encoding="utf-8")


def test_what_no_test_runs_of_a_container_is_said_on_the_page():
    assert "No test runs these three lines" in " ".join(PAGES["course.md"].split())


def spoken():
    """Return every ``cs231n ...`` of the guides, in blocks and in sentences."""
    lines = {(page, c) for page, _, c in SHOWN if c.startswith("cs231n ")}
    return sorted(
        lines | {(p, " ".join(c.split())) for p in PAGES for c in INLINE.findall(PAGES[p])}
    )


def unknown(words):
    """Return the first word that is neither a command nor an option of the one before it."""
    command = typer.main.get_command(app)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return words[0]
        command, words = command.commands[words[0]], words[1:]
    options = {"--help"} | {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
    return next((w for w in words if w.startswith("-") and w not in options), None)


@pytest.mark.parametrize(("page", "command"), spoken())
def test_the_guides_speak_of_commands_and_options_that_there_are(page, command):
    assert unknown(shlex.split(command)[1:]) is None


def test_a_command_that_there_is_not_is_seen():
    assert unknown(["course", "publish"]) == "publish"
    assert unknown(["grade", "a1", "--fast"]) == "--fast"
    assert unknown(["grade", "a1", "-n", "4"]) is None
