"""How `pytest --nbval book` re-runs the notebooks.

Figures are compared; labs run only with data.
"""

import os

import pytest
from nbval.plugin import IPyNbCell

from cs231n_lib.course.publishing import notebooks

# A kernel that inherits it draws nothing.
os.environ.pop("MPLBACKEND", None)

compare_text = IPyNbCell.compare_outputs


def compare_text_and_figures(self, test, ref, skip_compare=None):
    """Compare what nbval compares (all but PNG), then figures as seen."""
    if not compare_text(self, test, ref, skip_compare):
        return False
    difference = notebooks.compare_figures(ref, test)
    if difference:
        self.comparison_traceback.append(f"figure: {difference}")
    return difference is None


IPyNbCell.compare_outputs = compare_text_and_figures


def pytest_collection_modifyitems(items):
    """Skip what cannot be re-run here, each with the reason."""
    for item in items:
        if isinstance(item, IPyNbCell):
            reason = notebooks.reason_to_skip(
                item.path, item.parent.nb, os.environ
            )
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))
