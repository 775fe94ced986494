"""The course tooling: building, releasing, judging.  The numeric library never imports it."""
