"""The classroom: people, what they handed in, and their grades.

This is the only room that knows nbgrader's gradebook, and ``gradebook`` is its only writer.
Everything that came from a student or a platform is a stranger's here too.
"""
