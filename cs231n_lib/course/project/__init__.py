"""What a maintainer does with a checkout: install it, test it, pin it, vendor foreign code.

Only the maintainer's commands and ``make`` enter; a student or an instructor never needs it.
``install`` runs before anything is installed, so it imports nothing but Python.
"""
