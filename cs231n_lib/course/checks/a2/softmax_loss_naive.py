"""`softmax_loss_naive`: the softmax loss and its gradient with loops."""

from cs231n_lib.course.checks.a2 import softmax

exercise = softmax.exercise
