"""Instruments that grade the graders: samples and mutants (`table`), hostile submissions.

Their figures are published, by ``python -m tests.grader.table`` and ``python -m
tests.grader.adversarial``; ``tests/course`` holds them to what is expected. What lies here must
never reach students: it is why it lies neither in ``solutions/`` nor in the package.
"""
