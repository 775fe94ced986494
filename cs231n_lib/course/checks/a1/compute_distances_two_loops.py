"""`compute_distances_two_loops`: L2 distances entry by entry."""

from cs231n_lib.course.checks.a1.distances import l2_exercise

exercise = l2_exercise
