"""``python -m cs231n_lib.course``: the ``cs231n`` command where scripts are not on the path."""

from cs231n_lib.course.cli import main

main()
