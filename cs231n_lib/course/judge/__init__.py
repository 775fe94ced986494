"""The judge: one submission goes in, one result comes out.

Who grades enters by ``pools`` and ``batch``; who reads grades needs ``result`` and ``store``
only: these four are the classroom's doors. The student's code runs behind ``walls`` and speaks
through ``line``. The judge must never import the classroom: it knows no names, no dates and no
gradebook.
"""
