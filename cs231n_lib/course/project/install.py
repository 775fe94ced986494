"""Create ``.venv`` and install the project in it; needs nothing but Python itself.

Run by path and isolated (``python3 -I cs231n_lib/course/project/install.py``), because at this
moment no package is installed yet.  uv makes it fast where it can be had; plain pip is
the fallback.
"""

import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = next(p for p in Path(__file__).resolve().parents if (p / "pyproject.toml").is_file())
EXTRAS = "book,course,test,cluster"
OLDEST, NEWEST = (3, 11), (3, 13)


def _bin(env: Path, name: str) -> Path:
    folder, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    return env / folder / f"{name}{suffix}"


def _find_uv(env: Path) -> str | None:
    """Return a uv to call: the one on PATH, else one that pip just installed, else None."""
    found = shutil.which("uv")
    if found:
        return found
    pip = [str(_bin(env, "python")), "-m", "pip", "install", "--quiet", "uv"]
    done = subprocess.run(pip, capture_output=True, text=True)
    return str(_bin(env, "uv")) if done.returncode == 0 else None


def _fingerprint(extras: str) -> str:
    """Return what an installation depends on: the two files, the extras and this Python."""
    digest = hashlib.sha256(f"{sys.version} {extras}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _activation(env: Path) -> str:
    """Return the line that lets a terminal find the command ``cs231n``."""
    shown = env.relative_to(Path.cwd()) if env.is_relative_to(Path.cwd()) else env
    script = _bin(shown, "activate").with_suffix("")
    return str(script) if os.name == "nt" else f". {shlex.quote(str(script))}"


def install(env: Path, extras: str) -> int:
    """Make ``env`` hold the project with ``extras``; do nothing if it already does.

    Parameters
    ----------
    env : Path
        The folder of the virtual environment; created if absent.
    extras : str
        Comma-separated extras of ``pyproject.toml``.

    Returns
    -------
    int
        The exit status of the installer, 0 when everything is in place.
    """
    stamp = env / ".installed"
    fingerprint = _fingerprint(extras)
    if stamp.is_file() and stamp.read_text() == fingerprint:
        return 0
    if not _bin(env, "python").exists():
        print(f"creating {env.name} with Python {sys.version.split()[0]}", flush=True)
        try:
            venv.create(env, with_pip=True, clear=env.exists())
        except (subprocess.CalledProcessError, OSError) as error:
            print(
                f"Could not create {env}: {error}.\nOn Debian and Ubuntu the module venv is a "
                "package of its own: apt install python3-venv",
                file=sys.stderr,
            )
            return 1
    stamp.unlink(missing_ok=True)
    uv = _find_uv(env)
    print(f"installing cs231n_lib[{extras}]", flush=True)
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", str(_bin(env, "python"))]
    else:
        print("uv is not to be had here: installing with pip, which takes longer", flush=True)
        command = [str(_bin(env, "python")), "-m", "pip", "install", "--quiet"]
    command += ["--constraint", "constraints.txt", "--editable", f".[{extras}]"]
    done = subprocess.run(command, cwd=ROOT)
    if done.returncode == 0:
        stamp.write_text(fingerprint)
        print(f"installed. In each new terminal: {_activation(env)}, then: cs231n --help")
    else:
        print(
            "The installation failed; the installer's own message stands above.\n"
            "Check that a package index can be reached, then run the command again.",
            file=sys.stderr,
        )
    return done.returncode


def main() -> int:
    """Read the command line and install."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", type=Path, default=ROOT / ".venv", help="environment folder")
    parser.add_argument("--extras", default=EXTRAS, help=f"extras (default: {EXTRAS})")
    options = parser.parse_args()
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        print(
            f"This project needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}; {sys.executable} is "
            f"{sys.version.split()[0]}.\nName another: make PYTHON=python3.12 install",
            file=sys.stderr,
        )
        return 2
    return install(options.env, options.extras)


if __name__ == "__main__":
    sys.exit(main())
