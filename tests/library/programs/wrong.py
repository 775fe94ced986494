"""What a user writes by mistake: a line that ends in ``# wrong`` is one that a checker names."""

import numpy as np

import cs231n_lib as cs
from cs231n_lib.nets.pattern import build
from cs231n_lib.training.schedules import cosine

rng = np.random.default_rng(0)
x, w, b = np.ones((2, 3)), np.ones((3, 4)), np.ones(4)
y = np.array([0, 1])
net = build("INPUT[8x8x3] -> FC-10", rng=rng)

cs.affine_forward([[1.0, 2.0, 3.0]], w, b)  # wrong
cs.affine_forward(x, None, b)  # wrong
cs.affine_forward(x, w, 0.0)  # wrong
cs.affine_forward(x, w)  # wrong
cs.relu_forward(cs.affine_forward(x, w, b))  # wrong
cs.relu_forward("x")  # wrong
cs.relu_backward(None, x)  # wrong
cs.softmax_loss(3.0, y)  # wrong
cs.conv_forward(x, w, b, 1)  # wrong
cs.batchnorm_forward(x, w, b, "train")  # wrong
cs.nearest(x, x, "l2")  # wrong
cs.majority_vote([[0, 1]])  # wrong
net.loss(x)[1]["W1"] + net.loss(x, y)["W1"]  # wrong
net.loss(x, [0, 1])  # wrong
net.loss(x, y).argmax(axis=1)  # wrong
net.predict(x, batch_size="all")  # wrong
cs.ConvNet((3, 8, 8), 4, rng=rng)  # wrong
cs.TwoLayerNet(3, 4, 2)  # wrong
cs.FullyConnectedNet(100, rng=rng)  # wrong
cs.Adam("fast")  # wrong
cs.Adam(1e-3, beta3=0.9)  # wrong
cs.Solver(net, {}, optimiser="adam", rng=rng)  # wrong
cs.Solver(net, {"X_train": [1.0]}, optimiser=cs.SGD(), rng=rng)  # wrong
cs.LinearSVM().fit(x, y, rng=0)  # wrong
cosine(1e-3)  # wrong
cs.check_gradient(x, x, x)  # wrong
cs.to_host([1, 2])  # wrong
