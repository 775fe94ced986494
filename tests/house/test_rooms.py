"""Rules between rooms that are not about imports alone (those are contracts in pyproject.toml)."""

import ast
import re
import subprocess
import sys

import pytest

from cs231n_lib.course import checkout

ROOT = checkout.root()
COURSE = ROOT / "cs231n_lib" / "course"
PYTHON = sorted((ROOT / "cs231n_lib").rglob("*.py"))
NOTEBOOKS = sorted(
    path
    for top in ("book", "solutions", "exercises")
    for path in (ROOT / top).rglob("*.ipynb")
    if ".ipynb_checkpoints" not in path.parts
)
#: What notebooks may import of the course: their promise is to stay.
DOORS = ("cs231n_lib.course.checks", "cs231n_lib.course.student.practice")


def imports_of(source):
    """Yield every dotted name that Python source imports, whole."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def code_of(path):
    """Yield the plain Python of a notebook's cells."""
    import nbformat

    from cs231n_lib.course.inside.cells import without_magics

    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            yield without_magics(cell.source)[0]


def contracts(folder):
    """Check the contracts that the pyproject.toml in ``folder`` states."""
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_contracts_hold():
    done = contracts(ROOT)
    assert done.returncode == 0, done.stdout


def test_a_broken_contract_is_seen(tmp_path):
    rules = (ROOT / "pyproject.toml").read_text()
    turned = rules.replace('["dask", "distributed"]', '["numpy"]')
    assert turned != rules
    (tmp_path / "pyproject.toml").write_text(turned)
    done = contracts(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_notebooks_enter_by_the_doors(path):
    """A notebook imports the course by its doors only, and what it imports is there."""
    entered = {
        name for code in code_of(path) for name in imports_of(code)
        if name.startswith("cs231n_lib.course")
    }  # fmt: skip
    strangers = {name for name in entered if not name.startswith(DOORS)}
    assert not strangers, f"add a door, or enter by one: {', '.join(DOORS)}"


def test_what_is_copied_inside_imports_itself_numpy_and_backend():
    allowed = (
        "numpy",
        "cs231n_lib.backend",
        "cs231n_lib.course.inside",
        "resource",
        "array_api_strict",
    )
    for path in (COURSE / "inside").rglob("*.py"):
        for name in imports_of(path.read_text()):
            top = name.partition(".")[0]
            known = top in sys.stdlib_module_names or name.startswith(allowed)
            assert known, f"{path.name} imports {name}"


def test_the_checkout_is_found_in_one_place():
    assert [p.name for p in PYTHON if re.search(r"parents\[[1-9]", p.read_text())] == []


def test_nothing_is_named_after_a_lumber_room():
    names = {path.stem.strip("_") for path in PYTHON} | {path.parent.name for path in PYTHON}
    assert not names & {"utils", "util", "helpers", "misc", "common", "tools", "base"}


def test_a_file_moved_into_a_folder_stays_in_the_key(tmp_path):
    """A result is keyed by all that decides it, at every depth."""
    import shutil

    from cs231n_lib.course.judge.store import DECIDING, digest_of

    rooms = [name for name in DECIDING if (COURSE / name).is_dir()]
    files = [name for name in DECIDING if name not in rooms]
    for room in rooms:
        shutil.copytree(COURSE / room, tmp_path / room)
    for name in files:
        shutil.copy(COURSE / name, tmp_path / name)
    before = digest_of(tmp_path)
    for room in rooms:
        deep = tmp_path / room / "new" / "deeper.py"
        deep.parent.mkdir()
        deep.write_text("x = 1\n")
        assert digest_of(tmp_path) != before, room
        deep.write_text("x = 2\n")
        changed = digest_of(tmp_path)
        deep.rename(deep.with_name("moved.py"))
        assert digest_of(tmp_path) != changed
        shutil.rmtree(deep.parent)
        assert digest_of(tmp_path) == before
    for name in files:
        path = tmp_path / name
        text = path.read_text()
        path.write_text(text + "x = 1\n")
        assert digest_of(tmp_path) != before, name
        path.write_text(text)
    limits = tmp_path / "limits.py"
    text = limits.read_text()
    assert "call: float = 20.0" in text
    limits.write_text(text.replace("call: float = 20.0", "call: float = 60.0"))
    assert digest_of(tmp_path) != before


#: A name that says that its number is a bound: a most, a least wait, or an amount in a unit.
LIMIT = re.compile(
    r"(?:.*_)?(?:MAX|MOST|LIMIT|PATIENCE|TIMEOUT|ATTEMPTS)(?:_.*)?|.*_(?:BYTES|SECONDS|MIB)"
)
#: Where limits stand: one page, and beside code that is copied to where it cannot import that.
PAGES = ("limits.py", "inside/limits.py", "publishing/bounded.py")
GUEST = "publishing/engine/guest"


def limits_in(source):
    """Yield the names of numbers at the top of a module, or of a class, that are limits."""
    tree = ast.parse(source)
    for body in (tree.body, *(n.body for n in tree.body if isinstance(n, ast.ClassDef))):
        for node in body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                counted = any(
                    isinstance(n, ast.Constant) and type(n.value) in (int, float)
                    for n in ast.walk(node.value)
                )
                for name in (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)):
                    if counted and name.id.isupper() and LIMIT.fullmatch(name.id):
                        yield name.id


@pytest.mark.parametrize(
    "path", sorted(COURSE.rglob("*.py")), ids=lambda p: str(p.relative_to(COURSE))
)
def test_limits_stand_on_one_page(path):
    where = path.relative_to(COURSE).as_posix()
    if where not in PAGES and not where.startswith(GUEST):
        found = list(limits_in(path.read_text()))
        assert not found, f"a limit stands in limits.py, with its unit and reason: {found}"


def test_a_limit_elsewhere_is_seen():
    source = "MAX_BYTES, MOST_S = 2**20, 3\nLOCK_SECONDS: float = 1.0\nclass A:\n    PATIENCE = 2\n"
    assert list(limits_in(source)) == ["MAX_BYTES", "MOST_S", "LOCK_SECONDS", "PATIENCE"]
    assert list(limits_in("ATTEMPTS = 'attempts'\nALMOST = 3\nSIZE = 4\n")) == []


def test_every_limit_of_the_page_is_used():
    text = "\n".join(p.read_text() for p in COURSE.rglob("*.py"))
    names = list(limits_in((COURSE / "limits.py").read_text()))
    assert len(names) > 20
    assert [n for n in names if len(re.findall(rf"\b{n}\b", text)) < 2] == []
