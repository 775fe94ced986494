"""What is kept: grades in nbgrader's database, which ``database`` alone opens.

The others see a `Grade`.  How late a hand-in is, and which late days it spends, is worked out in
``lateness`` alone: another rule for late days goes there.  What is left late costs the points that
nbgrader's policy says, which is a class of the instructor's, named in ``nbgrader_config.py``.
Nothing here reads a submission or runs one: it gets results, and what is due.
Points that a person gave are never overwritten.
"""
