"""Assignments: which there are, what one asks, what of a notebook is an answer, where releases lie.

Judge, student's side and classroom all read an assignment here. Nothing here runs or even
parses what a stranger wrote: answers are text.
"""
