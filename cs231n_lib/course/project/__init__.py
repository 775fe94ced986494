"""What a maintainer does with a checkout: install it, test it, pin it, vendor foreign code.

``install`` runs before anything is installed, so it imports nothing but Python.
"""
