"""What goes out: the report of a run, feedback for students, and the grades to be exported.

How a grade file looks is the platform's business: its columns stand in ``platforms``.

Only reads: nothing here changes a grade.  Whatever a student wrote is text on these pages and
never markup, and of hidden tests no more is said than their names.
"""
