"""How matplotlib draws in the page: Agg, and shown figures become outputs of the cell."""

import cellrunner
from matplotlib.backend_bases import _Backend
from matplotlib.backends.backend_agg import FigureCanvasAgg


@_Backend.export
class _CellBackend(_Backend):
    """Agg's canvas, and a ``show`` that sends every open figure and closes it."""

    FigureCanvas = FigureCanvasAgg

    @staticmethod
    def show(*_args: object, **_options: object) -> None:
        """Send all open figures."""
        cellrunner.show_figures()
