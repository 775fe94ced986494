"""A student's side: check, practise, work on a copy, hand in.

``check`` has the judge run the visible tests of a whole notebook, as when it grades; ``practice``
runs those of one exercise in the very notebook that asks.  Whether the book's own notebooks are in
order is another thing, which ``publishing.notebooks`` says to ``cs231n book check``.

The student's commands enter, and notebooks by ``practice`` alone.  All of it runs on the student's
own machine, with nothing walled off.  It must never need the classroom, or tell what was tried.
"""
