"""The course's folder: what is kept where, under which names, and one writer at a time.

Everybody in the classroom stands on it; it knows nothing of grades, platforms or hand-ins.  No
name of a student's becomes a path here but by ``names``.
"""
