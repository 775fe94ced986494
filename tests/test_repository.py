"""What must hold for every file that is committed."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Hosts of package registries, in pieces so that this file does not name one.
HOSTS = ["pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "npmjs" + ".com"]
#: Folders that exist on one machine only.
PLACES = ["/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/", "/Us" + "ers/", "/t" + "mp/clone"]

#: Places that are no machine's: folders of every system, or of the Python in a reader's page.
MEANT = {
    ("book/_web/live/engines/inpage/worker.js", "/ho" + "me/"),
    ("tests/browser/test_inpage_library.py", "/ho" + "me/"),
    ("tests/grader/adversarial/walls.py", "/ho" + "me/"),
    ("tests/grader/adversarial/walls.py", "/ro" + "ot/"),
}


def committed_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        return []
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


FILES = committed_files()
VENDORED = ("book/_vendor/", "tests/browser/vendor/")


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.skipif(not FILES, reason="not a git checkout: there is no list of committed files")
def test_no_registry_host_and_no_machine_path():
    found = []
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(VENDORED):
            continue
        text = text_of(path)
        found += [f"{name}: {w}" for w in HOSTS + PLACES if w in text and (name, w) not in MEANT]
    assert found == []


@pytest.mark.skipif(not FILES, reason="not a git checkout: there is no list of committed files")
def test_no_large_file_and_no_cifar():
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        assert path.stat().st_size < 4_000_000, name
        assert not re.search(r"data_batch_\d|test_batch$|\.tar\.gz$", name), name


def test_constraints_are_exact_and_cover_every_requirement():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+( ; .+)?", line), line
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    pinned.add("cs231n-lib")  # an extra that brings another names the project itself
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    locked = ("figures", "data", "cli", "book", "course", "hub", "test")
    wanted = project["dependencies"] + [r for extra in locked for r in extras[extra]]
    for requirement in wanted:
        name = re.match(r"[A-Za-z0-9._-]+", requirement).group().lower().replace("_", "-")
        assert name in pinned, f"{requirement} is not in constraints.txt: run make lock"


def test_every_make_target_is_one_call():
    text = (ROOT / "Makefile").read_text()
    recipes = re.findall(r"^([a-z]+):.*\n((?:\t.*\n)*)", text, flags=re.M)
    assert {name for name, _ in recipes} >= {
        "help", "install", "book", "test", "notebooks", "lint", "bench", "clean",
    }  # fmt: skip
    for name, recipe in recipes:
        calls = [line for line in recipe.splitlines() if not line.startswith("\t@echo ")]
        assert len(calls) == 1, name


def test_readme_opens_with_the_two_commands():
    commands = re.findall(r"^\$ (make \w+)", (ROOT / "README.md").read_text(), flags=re.M)
    assert commands[:2] == ["make book", "make test"]
