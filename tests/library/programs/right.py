"""What a user writes and a type checker has nothing to say about."""

import numpy as np

import cs231n_lib as cs
from cs231n_lib.layers import Conv
from cs231n_lib.nets.pattern import build
from cs231n_lib.training.schedules import cosine, warmup

rng = np.random.default_rng(0)
X = rng.standard_normal((4, 3, 8, 8)).astype(np.float32)
y = rng.integers(10, size=4)

out, cache = cs.affine_forward(X, np.ones((192, 5), np.float32), np.ones(5, np.float32))
hidden, relu = cs.relu_forward(out)
print(hidden.mean(axis=0), hidden.T.copy())
dx, dw, db = cs.affine_backward(cs.relu_backward(hidden, relu), cache)
print(dx.reshape(4, -1).sum(), dw.argmax(), db.shape[0])
w = np.ones((2, 3, 3, 3), np.float32)
images, kept = cs.conv_forward(X, w, np.zeros(2, np.float32), {"stride": 1, "pad": 1})
print(images.transpose(0, 2, 3, 1), cs.conv_backward(images, kept)[1].sum())

net = build("INPUT[8x8x3] -> CONV3-4 -> RELU -> FC-10", rng=rng)
loss, grads = net.loss(X, y)
print(f"{loss:.3f}", grads["W1"].sum(), net.loss(X).argmax(axis=1), net.predict(X).tolist())
rule = cs.Adam(warmup(cosine(1e-3, 100), 10))
rule.step(net.params, grads)
rule.learning_rate = 1e-4
solver = cs.Solver(net, {"X_train": X, "y_train": y, "X_val": X, "y_val": y},
                   optimiser=rule, rng=rng)  # fmt: skip
print(solver.train().best_val_accuracy + 1, solver.history["loss"][-1])

knn = cs.KNearestNeighbor("l1").fit(X.reshape(4, -1), y)
print(knn.predict(X.reshape(4, -1), k=3).tolist(), cs.majority_vote(y[:, None]).tolist())
svm = cs.LinearSVM().fit(X.reshape(4, -1), y, rng=rng)
print(svm.templates((3, 8, 8)).shape, cs.to_host(svm.scores(X.reshape(4, -1))).max())
print(cs.check_gradient(lambda v: float((v**2).sum()), np.ones(3), 2 * np.ones(3)))
print(Conv(4, 3, pad=1).output_shape((3, 8, 8)))
