"""`svm_loss_naive`: the SVM loss and its gradient with loops."""

from cs231n_lib.course.checks.a2 import svm

exercise = svm.exercise
