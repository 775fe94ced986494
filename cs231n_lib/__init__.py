"""Image classification from scratch: linear classifiers, backpropagation and ConvNets."""

__version__ = "0.1.0"
