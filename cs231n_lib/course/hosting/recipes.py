"""Files for places that run a course by themselves: students' repositories, containers.

The package is installed from its wheel, which lies beside the file: what a course runs is what its
instructor put there, not whatever a registry has under that name.
"""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import write_atomically

GITHUB = """\
# Checks what is pushed by the tests that students see; grades are made elsewhere.
name: check
on: [push]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: python -m pip install "./{wheel}[cli]"
{checks}"""
GITLAB = """\
# Checks what is pushed by the tests that students see; grades are made elsewhere.
check:
  image: python:3.12-slim
  timeout: 15 minutes
  script:
    - python -m pip install "./{wheel}[cli]"
{checks}"""
CONTAINER = """\
# An instructor's image: the course folder is mounted at /course.
FROM python:3.12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends bubblewrap
COPY {wheel} /tmp/
RUN python -m pip install --no-cache-dir "/tmp/{wheel}[course]"
RUN useradd --create-home instructor
USER instructor
WORKDIR /course
ENTRYPOINT ["cs231n"]
"""
#: Kind -> the file that it is, what it says, and how it says that a notebook is checked.
KINDS = {
    "github": (".github/workflows/check.yml", GITHUB, "      - run: cs231n check {name}.ipynb\n"),
    "gitlab": (".gitlab-ci.yml", GITLAB, "    - cs231n check {name}.ipynb\n"),
    "container": ("Containerfile", CONTAINER, ""),
}


def wheel() -> str:
    """Return the name that the wheel of this version has."""
    return f"cs231n_lib-{metadata.version('cs231n_lib')}-py3-none-any.whl"


def write(kind: str, folder: Path, assignments: Sequence[str]) -> Path:
    """Write the file of a kind into a folder; return it.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    folder : Path
        The top of the repository, or what an image is built from.
    assignments : sequence of str
        Whose notebooks are checked.

    Raises
    ------
    UserError
        If there is no such kind, or the file is there already.
    """
    if kind not in KINDS:
        raise UserError(f"there is no recipe for {kind!r}; there are {', '.join(KINDS)}")
    name, text, check = KINDS[kind]
    path = folder / name
    if path.exists():
        raise UserError(f"{path} is there already; move it away first")
    checks = "".join(check.format(name=assignment) for assignment in assignments)
    write_atomically(path, text.format(wheel=wheel(), checks=checks).encode())
    return path
