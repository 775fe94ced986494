"""``cs231n lab|check|hint|status|submit|update``: what students run on their own notebooks."""

import dataclasses
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cs231n_lib.course.commands.say import say, say_error, say_table, working
from cs231n_lib.course.errors import UserError
from cs231n_lib.course.text import for_markup

if TYPE_CHECKING:
    from cs231n_lib.course.judge.result import Result
    from cs231n_lib.course.student.check import Opened, VisibleTests
    from cs231n_lib.course.student.report import Report

PANEL = "For students"
Notebook = Annotated[
    Path, typer.Argument(help="Your notebook: a path, or a1 for the one here or in your copies.")
]
WorkFolder = Annotated[
    Path | None,
    typer.Option(help="Where your copies live. Default: CS231N_WORK_DIR, else ~/cs231n."),
]
#: How often a watched notebook is looked at, in seconds.
LOOK = 0.2


def lab(
    assignment: Annotated[str, typer.Argument(help="Which one: a1, a2, ...")] = "a1",
    folder: WorkFolder = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Start afresh; what you had is kept beside it.")
    ] = False,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser window.")
    ] = True,
) -> None:
    """Open an assignment in JupyterLab, in a copy of your own that nothing overwrites.

    Examples: [bold]cs231n lab a1[/], [bold]cs231n lab a2 --reset[/]
    """
    from cs231n_lib.course import checkout
    from cs231n_lib.course.student import lab as work
    from cs231n_lib.course.student import places

    where = folder or places.default_folder()
    name = Path(assignment).stem  # a1.ipynb, as the other commands take it
    notebook = work.work_copy(name, checkout.material() / "exercises", where, reset=reset)
    say(f"Your copy: {notebook}")
    raise typer.Exit(work.open_lab(notebook, browser=browser, told=say))


def check(
    path: Notebook,
    exercise: Annotated[
        str, typer.Argument(help="One exercise, or a function of it. All by default.")
    ] = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever the notebook is saved.")
    ] = False,
) -> None:
    """Run the visible tests on your notebook; show points, and what is probably wrong.

    The same judge grades you later, with more tests. Your code runs on your own machine as it
    is: nothing is walled off. Exit status: 0 if every test passed, 1 if not.

    Examples: [bold]cs231n check a1.ipynb[/], [bold]cs231n check a1 predict_labels --watch[/]
    """
    from cs231n_lib.course.student import places
    from cs231n_lib.course.student.check import VisibleTests, open_notebook

    notebook = places.find(path)
    say(f"Checking {notebook}")
    opened = open_notebook(notebook)
    with VisibleTests(opened, exercise) as tests:
        passed = _run(tests, opened)
        while watch:
            say("Waiting for the next save; Ctrl-C to stop.")
            _wait_for_a_save(notebook)
            try:
                passed = _run(tests, open_notebook(notebook))
            except UserError as error:
                say_error(error)  # half-saved or damaged: the next save may mend it
    if not passed:
        raise typer.Exit(1)


def _run(tests: "VisibleTests", opened: "Opened") -> bool:
    """Run the tests and print what is found, as it is found; return whether all passed."""
    with working("starting") as wheel:
        progress = _Progress(len(tests.tests), wheel, opened)
        result = tests.run(opened, progress)
        progress(result)
    _show_untold(result)
    say(f"{result.score:g} of {result.points:g} points by the visible tests")
    if opened.blank and not tests.exercise:
        points = sum(opened.master.manual[name] for name in opened.blank)
        say(f"Still blank: {', '.join(opened.blank)} ({points:g} more points, given by a person)")
    stuck = next((r.name for r in progress.printed if r.state != "passed"), None)
    if stuck:
        say(f"A hint: cs231n hint {opened.master.name} {stuck}")
    elif not tests.exercise and not opened.blank:
        say(f"Next: cs231n submit {opened.path}")
    return all(test.passed for test in result.tests)


class _Progress:
    """Prints the report of an exercise as soon as its last test was run."""

    def __init__(self, total: int, wheel: Any, opened: "Opened") -> None:
        self.total, self.wheel = total, wheel
        self.master, self.note = opened.master, opened.note
        self.printed: list[Report] = []
        self.begun = False

    def __call__(self, result: "Result", test: str = "") -> None:
        """Print what is complete; ``test`` is the one to be run next, ``""`` if all were."""
        from cs231n_lib.course.student.check import exercise_of, reports

        if result.tests and not self.begun:
            self.begun = True
            for line in filter(None, (self.note, *result.notes)):
                say(f"Note: {line}")
        for report in reports(result, self.master)[len(self.printed) :]:
            if report.name != exercise_of(test):
                _show(report)
                self.printed.append(report)
        if test:
            self.wheel.update(for_markup(f"{len(result.tests) + 1} of {self.total}: {test}"))


def _show_untold(result: "Result") -> None:
    """Say which cells failed without a test that names them: the test may not have needed them."""
    from cs231n_lib.course.checks.raising import OTHER_CELLS

    for name, cell in result.cells.items():
        told = (cell.error, f"the cell {name} should define")
        if cell.error and not any(text in test.message for text in told for test in result.tests):
            say(f"The cell {name} ended with {cell.error}")
            say(_indented(cell.traceback))
            if cell.error.startswith("NameError"):
                say(_indented(OTHER_CELLS))


def _show(report: "Report") -> None:
    from cs231n_lib.course.student.report import FAILED, NOT_RUN, SAME, found, state_of

    points = sum(outcome.points for outcome in report.outcomes)
    score = sum(outcome.score for outcome in report.outcomes)
    say(f"{report.headline} {score:g} of {points:g} points.")
    if report.state != FAILED:
        return
    for outcome, again in report.told():
        say(f"  {state_of(outcome)}: {outcome.name}" + f" ({SAME})" * again)
        if state_of(outcome) == FAILED and not again:
            what = found(outcome)
            if outcome.title != outcome.name and not what.startswith(NOT_RUN):
                say(_indented(outcome.title, 6))
            say(_indented(what, 6))


def _indented(text: str, columns: int = 4) -> str:
    return textwrap.indent(text.rstrip(), " " * columns)


def _wait_for_a_save(path: Path) -> None:
    """Return when the file was written anew; while it is being replaced, it may be gone."""
    before = _stamp(path)
    while _stamp(path) in (before, None):
        time.sleep(LOOK)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def hint(
    assignment: Annotated[str, typer.Argument(help="Which one: a1, a2, ...")],
    exercise: Annotated[str, typer.Argument(help="The exercise, or a function of it.")],
    step: Annotated[int, typer.Option("--step", min=1, max=3, help="Up to which of three.")] = 1,
) -> None:
    """Show a hint: first a question, then the idea, then the shape of the answer.

    Nobody learns that you asked.

    Examples: [bold]cs231n hint a1 predict_labels[/],
    [bold]cs231n hint a1 predict_labels --step 2[/]
    """
    from cs231n_lib.course.student import practice

    name = Path(assignment).stem
    found = practice.hint(exercise, name, step)
    again = f"cs231n hint {name} {exercise} --step {found.shown + 1}"
    say(repr(dataclasses.replace(found, again=again)))


def status(
    folder: WorkFolder = None,
    progress: Annotated[
        Path | None,
        typer.Option(help="What the book's front page saved. Default: cs231n-progress.json."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Run nothing: show what the last check found.")
    ] = False,
) -> None:
    """Show where you stand: points, blank answers, due dates, attempts, chapters and quizzes.

    Example: [bold]cs231n status[/]
    """
    from cs231n_lib.course.assignment.due import told
    from cs231n_lib.course.student import status as standing

    now = datetime.now(UTC)
    with working("looking") as wheel:
        found = standing.standings(
            folder, not quick, lambda name: wheel.update(for_markup(f"checking {name}"))
        )
        read = standing.reading(progress, folder)
    rows, problems = [], []
    for each in found:
        points = f"{each.result.score:g} / {each.result.points:g}" if each.result else "?"
        handed = each.attempts[-1].time[:16] if each.attempts else ""
        due = told(each.due, now) if each.due else "-"
        tries = f"{len(each.attempts)}  {handed}".strip()
        begun = points if each.path else "not begun"
        rows.append((each.name, begun, ", ".join(each.blank), due, tries))
        problems += [each.problem] if each.problem else []
    say_table(("", "Points", "Blank", "Due", "Handed in"), rows)
    for problem in problems:
        say_error(problem)
    if read is None:
        say("Chapters and quizzes: save them on the book's front page, into this folder.")
    else:
        say(
            f"Chapters and labs read: {read.chapters}. Quiz questions solved: {read.solved} of "
            f"{read.questions} on the pages that you have tried."
        )


def submit(
    path: Notebook,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write.")] = None,
    force: Annotated[
        bool, typer.Option(help="Even if a visible test fails or a written answer is blank.")
    ] = False,
) -> None:
    """Check your notebook and make the file to hand in, with a receipt; keep every attempt.

    Example: [bold]cs231n submit a1.ipynb[/]
    """
    from cs231n_lib.course.assignment.due import told
    from cs231n_lib.course.student import places
    from cs231n_lib.course.student import submit as handing
    from cs231n_lib.course.student.check import VisibleTests, open_notebook

    notebook, now = places.find(path), datetime.now(UTC)
    saved = min(datetime.fromtimestamp(notebook.stat().st_mtime, UTC), now)
    opened = open_notebook(notebook)
    with working(f"checking {notebook}"), VisibleTests(opened) as tests:
        result = tests.run(opened)
    made = handing.submit(opened, result, output, force)
    for line in made.receipt.lines():
        say(line)
    say(f"Kept as     {made.attempt}")
    say(f"Saved       {told(saved, now)}: what you wrote after that is not in it")
    if opened.note:
        say(f"Note: {opened.note}")
    if made.replaced:
        before = made.replaced
        say(f"It replaces what you handed in at {before.time} ({before.points:g} points).")
    elif made.changed:
        say("It replaces a file of that name that was no attempt of yours.")
    say(f"Hand in this file: {made.target}")


def update(
    path: Notebook,
    release: Annotated[Path, typer.Argument(help="The corrected notebook that you were given.")],
) -> None:
    """Take over a corrected assignment: its statement and tests are new, your answers stay.

    Your notebook as it was is kept beside it.

    Example: [bold]cs231n update a1.ipynb corrected/a1.ipynb[/]
    """
    from cs231n_lib.course.student import places
    from cs231n_lib.course.student.update import update as take_over

    notebook = places.find(path)
    kept, homeless = take_over(notebook, release)
    say(f"{notebook} has the new statement and tests, and your answers; as it was: {kept}")
    for name in homeless:
        say(f"note: {name} is no exercise any more; what you wrote is in a cell of its own")


def register(app: typer.Typer) -> None:
    """Add this group's commands to ``app``."""
    for command in (lab, check, hint, status, submit, update):
        app.command(rich_help_panel=PANEL)(command)
