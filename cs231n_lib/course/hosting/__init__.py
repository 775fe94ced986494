"""Where a course runs that is not the instructor's own machine: other people's platforms.

Each file is one place: what has to be handed to it, and what runs there. It may use the judge and
the classroom; nobody but the commands uses it.
"""
