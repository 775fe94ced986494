"""What is kept: grades in nbgrader's database, which ``database`` alone opens.

The others see a `Grade`.  How late a hand-in is, and what that costs, is worked out in
``lateness``.  Nothing here reads a submission or runs one: it gets results, and what is due.
Points that a person gave are never overwritten.
"""
