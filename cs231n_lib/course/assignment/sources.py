"""Which assignments there are: one for each folder that holds a notebook of its name."""

from pathlib import Path

from cs231n_lib.course import checkout


def assignments(folder: Path | None = None) -> list[str]:
    """Return the names of the assignments in ``folder``; by default, of those that come along."""
    notebooks = (folder or checkout.material() / "solutions").glob("*/*.ipynb")
    return sorted(p.stem for p in notebooks if p.stem == p.parent.name)
