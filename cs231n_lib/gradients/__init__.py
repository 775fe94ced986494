"""Gradients by themselves: measured numerically, and found by backpropagation on a graph.

Layers and networks are checked by what stands here, so nothing here may import one of them.
"""
