"""A student's side: check, practise, work on a copy, hand in.

Runs on the student's own machine, with nothing walled off, and must never need the classroom.
"""
