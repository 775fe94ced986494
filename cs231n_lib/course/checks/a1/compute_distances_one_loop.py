"""`compute_distances_one_loop`: L2 distances row by row."""

from cs231n_lib.course.checks.a1.distances import l2_exercise

exercise = l2_exercise
