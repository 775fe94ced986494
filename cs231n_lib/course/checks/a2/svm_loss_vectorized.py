"""`svm_loss_vectorized`: the SVM loss and its gradient without loops."""

from cs231n_lib.course.checks.a2 import svm

exercise = svm.exercise
