"""Gradescope: numbered folders, and a file at their side that says whose they are."""

import json
import re
from typing import Any

from cs231n_lib.course.classroom.platforms.exchange import read_time
from cs231n_lib.course.classroom.platforms.platform import Answer, Container, Platform, View
from cs231n_lib.course.errors import Refused

FOLDER = re.compile(r"submission_[0-9]+")
EXPORT = re.compile(r"assignment_\d+_export")
#: What students wrote stands in these texts: as HTML or Markdown it could pass for ours.
TEXT: dict[str, Any] = dict.fromkeys(
    ("output_format", "test_output_format", "test_name_format"), "text"
)


class Gradescope(Platform):
    """Gradescope: *Export Submissions*, and the results that its autograders write."""

    name = "gradescope"
    metadata = "submission_metadata.yml"
    exports = True

    def wraps(self, folder: str) -> bool:
        """Its export lies in ``assignment_9_export``."""
        return EXPORT.fullmatch(folder) is not None

    def identify(self, path: tuple[str, ...], view: View) -> Container | None:
        """Read ``submission_31415/a1.ipynb`` by the metadata beside the folder."""
        if len(path) < 2 or not FOLDER.fullmatch(path[0]):
            return None
        told = view.metadata.get((self.name, view.around), {})
        if isinstance(told, Refused):
            raise told
        entry = told.get(path[0])
        people = entry.get(":submitters") if isinstance(entry, dict) else None
        people = people if isinstance(people, list) else []
        logins = [
            next((text for k in (":sid", ":email") if (text := _text(p.get(k)))), "")
            for p in people if isinstance(p, dict)
        ]  # fmt: skip
        if not any(logins):
            raise Refused(f"whose is it? {self.metadata} does not say; collect the whole export")
        assert isinstance(entry, dict)
        time = read_time(_text(entry.get(":created_at")))
        return Container(tuple(login for login in logins if login), path[0], time=time)

    def read_metadata(self, data: bytes, view: View) -> Any:
        """Return folder -> entry, all of it text: YAML would take an id of digits for a number."""
        import yaml

        # Whatever Ruby adds to plain data is read as the text, list or mapping that it is.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            content = yaml.load(data, loader)  # no object is made: it is the safest loader
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            return Refused(
                f"whose is it? {self.metadata} is broken: {' '.join(str(error).split())}"
            )
        return content if isinstance(content, dict) else {}

    def export(self, answer: Answer) -> dict[str, bytes]:
        """Write ``results.json`` for each student: points by tests and by hand."""
        return {
            f"{g.student}/results.json": json.dumps(_results(g, answer), indent=1).encode()
            for g in answer.grades
        }


def _results(grade: Any, answer: Answer) -> dict[str, Any]:
    found = answer.results.get(grade.student)
    told = {t.name: t.text for t in found.tests} if found else {}
    tests = [
        {
            "name": cell.name,
            "score": cell.score,
            "max_score": cell.max_score,
            "status": "passed" if cell.score >= cell.max_score else "failed",
            "output": "\n".join(t for t in (told.get(cell.name, ""), cell.comment) if t),
        }
        for cell in grade.cells
    ]
    late = f"{grade.penalty:g} points were taken off for lateness." if grade.penalty else ""
    output = "\n".join(t for t in (grade.reason, late) if t)
    return {
        "score": grade.score, "output": output, "visibility": "visible", **TEXT, "tests": tests,
    }  # fmt: skip


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) and value not in ("~", "null") else ""
