"""Inside the page's interpreter: run one cell, and send what it says as notebook outputs.

``_host.call`` takes one frame of JSON and gives back bytes; nothing else crosses the border.  The
page's worker calls `start` once, then `turn` for every cell.
"""

import ast
import base64
import builtins
import io
import json
import linecache
import sys
import time
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any

import _host
from bounded import Budget

#: Text is gathered this long, so that a loop of prints is not a loop of messages.
FLUSH_S = 0.1
#: A running cell looks this often whether the reader wants it to stop.
LOOK_S = 0.25
#: How many jumps of the code pass between two looks at the clock.
JUMPS = 500
#: The number by which ``sys.monitoring`` knows us; 3 and 4 are free for anybody.
TOOL = 4
METHODS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "image/jpeg": "_repr_jpeg_",
    "text/latex": "_repr_latex_",
    "application/json": "_repr_json_",
}
#: What every chapter imports.
USUAL = (
    "numpy", "matplotlib.pyplot", "array_api_compat.numpy", "cs231n_lib", "cs231n_lib.plots",
    "cs231n_lib.data",
)  # fmt: skip


def send(**frame: Any) -> bytes:
    """Tell or ask the page something."""
    return _host.call(json.dumps(frame).encode())


# What a cell prints ---------------------------------------------------------------------------


class Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of a cell."""

    encoding = "utf-8"

    def __init__(self, name: str) -> None:
        self.name = name
        self.parts: list[str] = []
        self.since = 0.0

    def writable(self) -> bool:
        """Say that this can be written to."""
        return True

    def write(self, text: str) -> int:
        """Take text; it is sent with what comes shortly after it."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        budget.spend(text)
        (ERR if self is OUT else OUT).flush()  # keep the order of the two
        self.parts.append(text)
        now = time.monotonic()
        if now - self.since > FLUSH_S and text.endswith("\n"):
            self.flush()
            self.since = now
        return len(text)

    def flush(self) -> None:
        """Send what was gathered."""
        if self.parts:
            text, self.parts = "".join(self.parts), []
            send(output_type="stream", name=self.name, text=text)


OUT, ERR = Stream("stdout"), Stream("stderr")
budget = Budget()


def flush() -> None:
    """Send all text that was printed so far."""
    OUT.flush()
    ERR.flush()


def refuse_input(prompt: object = "") -> str:
    """Stand in for ``input``: a page has nobody who could be asked while code runs."""
    raise RuntimeError("input() cannot ask here: write the value into the code instead")


# What an object says of itself ----------------------------------------------------------------


def bundle(value: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what an object shows, by MIME type, and its metadata."""
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    if not isinstance(value, type):
        data, metadata = _described(value)
    data.setdefault("text/plain", repr(value))
    return data, metadata


def _described(value: object) -> tuple[dict[str, Any], dict[str, Any]]:
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    many = getattr(value, "_repr_mimebundle_", None)
    if callable(many):
        found = many()
        data, metadata = found if isinstance(found, tuple) else (found, {})
        data = dict(data)
    for kind, name in METHODS.items():
        method = getattr(type(value), name, None)
        if kind in data or method is None:
            continue
        found = method(value)
        if isinstance(found, tuple):
            found, metadata[kind] = found
        if isinstance(found, bytes):
            found = base64.b64encode(found).decode()
        if found is not None:
            data[kind] = found
    figure = sys.modules.get("matplotlib.figure")
    if figure and isinstance(value, figure.Figure):
        data.setdefault("image/png", picture(value))
    return data, metadata


def display(*values: object, metadata: dict[str, Any] | None = None, raw: bool = False) -> None:
    """Show objects below the cell, as ``IPython.display.display`` does."""
    flush()
    for value in values:
        data, found = (value, {}) if raw else bundle(value)
        send(output_type="display_data", data=data, metadata=found | (metadata or {}))


def picture(figure: Any) -> str:
    """Return a figure as PNG, cut to what is drawn, in base64."""
    to = io.BytesIO()
    figure.canvas.print_figure(
        to, format="png", dpi=figure.dpi, bbox_inches="tight",
        facecolor=figure.get_facecolor(), edgecolor=figure.get_edgecolor(),
    )  # fmt: skip
    return base64.b64encode(to.getvalue()).decode()


def show_figures() -> None:
    """Show every open figure and close it."""
    pylab = sys.modules.get("matplotlib._pylab_helpers")
    managers = pylab.Gcf.get_all_fig_managers() if pylab else []
    try:
        for manager in managers:
            display(manager.canvas.figure)
    finally:
        if managers:
            sys.modules["matplotlib.pyplot"].close("all")


# Interrupts -----------------------------------------------------------------------------------
# Nothing can reach a running guest from outside.  So the guest looks by itself: every jump, so
# every turn of a loop, counts, and now and then the page is asked.


class Watch:
    """Looks out for the reader's wish to stop while a cell runs."""

    def __init__(self) -> None:
        self.due = 0.0
        self.running = False

    def begin(self) -> None:
        """Look out from now on."""
        monitoring = sys.monitoring
        if monitoring.get_tool(TOOL) is None:
            self.due = time.monotonic() + LOOK_S
            monitoring.use_tool_id(TOOL, "interrupt")
            monitoring.register_callback(TOOL, monitoring.events.JUMP, self.counter())
            monitoring.set_events(TOOL, monitoring.events.JUMP)

    def end(self) -> None:
        """Look no more."""
        if sys.monitoring.get_tool(TOOL):
            sys.monitoring.set_events(TOOL, 0)
            sys.monitoring.free_tool_id(TOOL)

    def counter(self) -> Callable[[types.CodeType, int, int], None]:
        """Return what counts jumps: called in each turn of every loop, it does the least it can."""
        left = JUMPS

        def count(code: types.CodeType, begin: int, end: int) -> None:
            nonlocal left
            left -= 1
            if left:
                return
            left = JUMPS
            if time.monotonic() >= self.due:
                self.look()

        return count

    def look(self) -> None:
        """Ask the page, and stop the cell if it says so."""
        flush()
        wanted = send(ask="interrupted") == b"yes"
        self.due = time.monotonic() + LOOK_S
        if wanted:
            raise KeyboardInterrupt


watch = Watch()
_settrace, _sleep = sys.settrace, time.sleep


def settrace(function: Any) -> None:
    """Stand in for ``sys.settrace``: who traces must not count our looking out as well."""
    if watch.running:
        (watch.begin if function is None else watch.end)()
    _settrace(function)


def sleep(seconds: float) -> None:
    """Stand in for ``time.sleep``: sleep in slices, so that an interrupt ends it."""
    until = time.monotonic() + seconds
    while (rest := until - time.monotonic()) > LOOK_S:
        _sleep(LOOK_S)
        watch.look()
    _sleep(rest if seconds > 0 else seconds)


# Cells ----------------------------------------------------------------------------------------


class Run:
    """The reader's names, and the cells that have run."""

    def __init__(self) -> None:
        self.fresh()

    def fresh(self) -> None:
        """Forget everything."""
        self.number = 0
        self.main = types.ModuleType("__main__")
        self.names = self.main.__dict__
        self.names.update(__builtins__=builtins, display=display, In=[""], Out={})
        sys.modules["__main__"] = self.main

    def cell(self, source: str) -> bool:
        """Run one cell; return whether it ran through."""
        self.number += 1
        budget.renew()
        self.names["In"].append(source)
        name = f"<cell {self.number}>"
        linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = OUT, ERR
        try:
            self.execute(source, name)
            show_figures()
            return True
        except BaseException as error:
            budget.renew()  # for figures that speak while they are drawn
            self.tell(error)
            show_figures()
            return False
        finally:
            flush()
            sys.stdout, sys.stderr = before

    def execute(self, source: str, name: str) -> None:
        """Run the statements, and show the value of a last expression."""
        tree = ast.parse(source, name)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
            last = compile(ast.Expression(tree.body.pop().value), name, "eval")
        body = compile(tree, name, "exec")
        watch.running = True
        watch.begin()
        try:
            exec(body, self.names)
            if last is not None:
                self.result(eval(last, self.names))
        finally:
            watch.running = False
            watch.end()

    def result(self, value: object) -> None:
        """Show the value of a cell."""
        if value is None:
            return
        builtins._ = value  # type: ignore[attr-defined]
        self.names["Out"][self.number] = value
        data, metadata = bundle(value)
        flush()
        send(output_type="execute_result", execution_count=self.number, data=data,
             metadata=metadata)  # fmt: skip

    def tell(self, error: BaseException) -> None:
        """Show an error as the reader's own code met it."""
        told = error.__traceback__
        while told and _ours(told):
            told = told.tb_next
        for each in _steps(told):  # the look that found the interrupt is none of the reader's
            if each.tb_next and _ours(each.tb_next):
                each.tb_next = None
        lines = traceback.format_exception(type(error), error.with_traceback(told), told)
        flush()
        send(output_type="error", ename=type(error).__name__, evalue=str(error),
             traceback="".join(lines).splitlines())  # fmt: skip


def _ours(step: types.TracebackType) -> bool:
    return step.tb_frame.f_code.co_filename == __file__


def _steps(step: types.TracebackType | None) -> Iterator[types.TracebackType]:
    while step:
        yield step
        step = step.tb_next


run = Run()


def turn() -> None:
    """Run the cell that the page has for us."""
    send(done=run.cell(send(ask="source").decode()))


# Beginning ------------------------------------------------------------------------------------


def glue(name: str, value: object, display: bool = True) -> None:
    """Stand in for ``myst_nb.glue``: keep a value under a name among the outputs."""
    prefix = "" if display else "application/papermill.record/"
    data = {prefix + kind: each for kind, each in bundle(value)[0].items()}
    flush()
    send(output_type="display_data", data=data,
         metadata={"scrapbook": {"name": name, "mime_prefix": prefix}})  # fmt: skip


def start() -> None:
    """Put in place what stands in for things that a page has not."""
    import tqdm

    tqdm.tqdm.monitor_interval = 0  # its monitor is a thread, and there are none
    time.sleep = sleep
    sys.settrace = settrace
    builtins.input = refuse_input
    myst = types.ModuleType("myst_nb")
    myst.glue = glue  # type: ignore[attr-defined]
    sys.modules["myst_nb"] = myst
    # Not "IPython" itself: libraries take it for a shell and ask for its version.
    sys.modules["IPython.display"] = __import__("celldisplay")


def warm() -> None:
    """Import what every chapter imports, before an image of the memory is taken."""
    import importlib

    for name in USUAL:
        importlib.import_module(name)
    run.fresh()


def wake() -> None:
    """Make this copy of an image differ from every other: chance starts anew."""
    import random

    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    if tempfile := sys.modules.get("tempfile"):
        tempfile._name_sequence = None
    run.fresh()
