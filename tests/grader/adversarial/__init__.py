"""Hostile and broken submissions, and what has to become of each.

Each goes to the judge as a student's does, on the tiny assignment of the tests; none of them runs
in the process of a test, and none belongs into a release.
"""
