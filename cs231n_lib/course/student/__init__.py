"""A student's side: check, practise, work on a copy, hand in.

The student's commands enter, and notebooks by ``practice`` alone.  All of it runs on the student's
own machine, with nothing walled off.  It must never need the classroom, or tell what was tried.
"""
