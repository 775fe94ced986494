"""Gradients by themselves: measured numerically, and found by backpropagation on a graph.

Independent of layers and networks on purpose: they are checked by what stands here.
"""
