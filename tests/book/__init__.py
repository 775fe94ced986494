"""What the chapters claim, held against what their cells computed, and their notation.

Reads notebooks with their stored outputs and runs none: `make` has another stage for that.
"""
