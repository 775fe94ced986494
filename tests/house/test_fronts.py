"""Every folder with code has a front: what is in it, who may enter, what must never happen."""

import ast
import re

import pytest

from cs231n_lib.course import checkout

ROOT = checkout.root()
ROOMS = ("cs231n_lib", "benchmarks", "tests", "book/_static", "book/_web")
#: Foreign code has the fronts of those who wrote it; the others are made by programs.
FOREIGN = {"vendor", "__pycache__", "samples", "figures", ".ipynb_checkpoints"}
#: A limit, in the words of a plain sentence.
LIMIT = re.compile(r"\b(never|nothing|nobody|none|no|only|alone|must)\b", re.IGNORECASE)


def folders(root):
    """Return the folders below ``root`` that hold code of our own."""
    found = {
        p.parent for room in ROOMS for kind in ("*.py", "*.js") for p in (root / room).rglob(kind)
    }
    return sorted(f for f in found if not FOREIGN & set(f.relative_to(root).parts))


def front_of(folder, root):
    """Return what a folder says of itself; that of the room it tests if it is a mirror."""
    code, readme = folder / "__init__.py", folder / "README.md"
    if code.is_file() and (said := ast.get_docstring(ast.parse(code.read_text("utf-8")))):
        return said
    if readme.is_file():
        return readme.read_text("utf-8")
    parts = folder.relative_to(root).parts
    if parts[0] == "tests" and len(parts) > 1 and parts[1] in ("course", "library"):
        below = parts[1:] if parts[1] == "course" else parts[2:]
        room = root.joinpath("cs231n_lib", *below)
        return front_of(room, root) if room.is_dir() else ""
    return ""


def faults(root):
    """Say which folders have no front, or one without a limit."""
    said = []
    for folder in folders(root):
        front, name = front_of(folder, root), folder.relative_to(root).as_posix()
        if len(front.split()) < 10:
            said.append(
                f"{name} does not say what it is: write its __init__ docstring or README.md"
            )
        elif not LIMIT.search(front):
            said.append(f"{name} does not say who may enter, or what must never happen in it")
    return said


def test_every_folder_with_code_has_a_front():
    assert faults(ROOT) == []


@pytest.mark.parametrize(
    ("file", "front", "fault"),
    [
        ("cs231n_lib/course/attic/old.py", None, "does not say what it is"),
        ("tests/course/attic/test_old.py", None, "does not say what it is"),
        ("book/_web/attic/old.js", "Old things, kept for whoever may want them again some day.",
         "does not say who may enter"),
        ("tests/course/judge/test_rules.py", None, ""),
        ("cs231n_lib/course/attic/old.py",
         "Old things that nobody may import any more for as long as they lie here.", ""),
    ],
)  # fmt: skip
def test_a_folder_without_a_front_is_named(tmp_path, file, front, fault):
    room = tmp_path / "cs231n_lib" / "course" / "judge"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text(
        (ROOT / room.relative_to(tmp_path) / "__init__.py").read_text()
    )
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    if front is not None:
        (path.parent / "README.md").write_text(front)
    said = faults(tmp_path)
    assert [fault in s and path.parent.name in s for s in said] == ([True] if fault else [])
