"""Hostile and broken submissions, and what has to become of each."""
