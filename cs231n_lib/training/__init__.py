"""Training: update rules, schedules for the learning rate, the loop and its checkpoints.

Whatever has ``params``, ``buffers`` and ``loss(X, y)`` can be trained, so nothing here imports a
network or a layer.
"""
