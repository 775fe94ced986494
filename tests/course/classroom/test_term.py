"""A whole term of a small class; ``python -m benchmarks.term 400`` is the same with a large one."""

import pytest

from benchmarks import term


@pytest.mark.slow
def test_a_class_goes_through_a_term(tmp_path, needs_walls):
    found = term.run(tmp_path, count=12, seed=1, program=[])
    assert len(found.deserved) == 3 * 11
    assert len(found.late) == 3 * 2
