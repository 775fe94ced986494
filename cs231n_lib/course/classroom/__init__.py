"""The classroom: people, what they handed in, and their grades.

What an instructor does is a file here (release, grade, grant, found a course, end a term); what
that stands on is in the rooms: the course's ``folder``, what is ``incoming``, the ``gradebook``,
what is ``outgoing``, and the ``platforms``.  No other room of the course knows nbgrader, and
everything that came from a student or a platform is a stranger's here too.
"""
