"""The book as it is read: built, printed, served live; and its notebooks, run and compared.

The commands enter, and Sphinx by the extensions in ``sphinx``; ``engine`` makes the Python of a
page.  Nothing here grades, and what a reader types is run by a kernel or in the reader's browser,
never by the process that serves the pages.
"""
