"""Files for places that run a course by themselves: students' repositories, containers, a hub.

The package is installed from its wheel, which lies beside the file: what a course runs is what its
instructor put there, not whatever a registry has under that name.
"""

import textwrap
from pathlib import Path

from cs231n_lib.course.checkout import wheel
from cs231n_lib.course.classroom.folder.course import Course
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.files import PUBLIC, folder_in_one_step, open_to_all, write_atomically
from cs231n_lib.course.hosting import jupyterhub

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
      - uses: actions/checkout@v6
      - uses: actions/setup-python@v6
        with:
          python-version: "3.12"
      - run: python -m pip install "./{wheel}[cli]"
      - run: |
{check}"""
GITLAB = """\
# Checks what is pushed by the tests that students see; grades are made elsewhere.
check:
  image: python:3.12-slim
  timeout: 15 minutes
  script:
    - python -m pip install "./{wheel}[cli]"
    - |
{check}"""
CONTAINER = """\
# An instructor's image: the course folder is mounted at /course.
FROM python:3.12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends bubblewrap \\
    && rm -rf /var/lib/apt/lists/*
COPY {wheel} /tmp/
RUN python -m pip install --no-cache-dir "/tmp/{wheel}[course]"
RUN useradd --create-home instructor
USER instructor
WORKDIR /course
ENTRYPOINT ["cs231n"]
"""
#: Checks each notebook that is there, as it was unpacked or at the top, whatever the others say.
CHECK = """\
found=no failed=no
for name in {names}; do
  for notebook in "$name.ipynb" "$name/$name.ipynb"; do
    if [ -f "$notebook" ]; then
      found=yes
      cs231n check "$notebook" || failed=yes
    fi
  done
done
if [ $found = no ]; then echo "There is no notebook to check here: {names}"; fi
[ $found$failed = yesno ]
"""
#: How far the text of a command is indented in each file.
INDENT = {"github": 10, "gitlab": 6}
KINDS = ("github", "gitlab", "container", "jupyterhub")


def files(kind: str, course: Course) -> dict[str, str]:
    """Return the files of a kind: path -> what it says."""
    if kind == "jupyterhub":
        return jupyterhub.files(course)
    if kind == "container":
        return {"Containerfile": CONTAINER.format(wheel=wheel())}
    check = textwrap.indent(CHECK.format(names=" ".join(course.assignments())), INDENT[kind] * " ")
    path, text = {
        "github": (".github/workflows/check.yml", GITHUB),
        "gitlab": (".gitlab-ci.yml", GITLAB),
    }[kind]
    return {path: text.format(wheel=wheel(), check=check)}


def write(kind: str, folder: Path, course: Course) -> list[Path]:
    """Write the files of a kind, all or none; return them.

    A single file joins whatever the folder holds; several make a folder of their own.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    folder : Path
        The top of the repository, what an image is built from, or a new folder for the hub.
    course : Course
        Whose assignments are worked on.

    Raises
    ------
    UserError
        If there is no such kind, the file is there already, the folder for several is in use, or
        there is no writing there.
    """
    if kind not in KINDS:
        raise UserError(f"there is no recipe for {kind!r}; there are {', '.join(KINDS)}")
    told = files(kind, course)
    if len(told) > 1:
        with folder_in_one_step(folder) as made:
            for name, text in told.items():
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_text(text, encoding="utf-8")
            open_to_all(made)  # students' servers read it
    else:
        ((name, text),) = told.items()
        if (folder / name).exists():
            raise UserError(f"{folder / name} is there already; move it away first")
        write_atomically(folder / name, text.encode(), PUBLIC)
    return [folder / name for name in told]
