"""A stranger adds a layer: one file, and its name in the front. Tried on a copy of the library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from cs231n_lib.course.checkout import root

SOFTPLUS = '''
"""Softplus: a ReLU without its corner."""

import math
from dataclasses import dataclass
from typing import ClassVar

from cs231n_lib.backend import array_namespace
from cs231n_lib.layers.layer import Layer, Memory


@dataclass(frozen=True)
class Softplus(Layer):
    """``log(1 + exp(slope * x))`` with a slope that is learnt."""

    starts: ClassVar = {"slope": 1.0}
    example: ClassVar = "SOFTPLUS"

    def parameters(self, shape):
        return {"slope": shape}

    def forward(self, x, params, buffers, mode, rng):
        xp = array_namespace(x)
        return xp.log1p(xp.exp(params["slope"] * x)), (x, params["slope"]), {}

    def backward(self, dout, cache, need_dx):
        x, slope = cache
        xp = array_namespace(x)
        dinner = dout / (1 + xp.exp(-slope * x))
        return dinner * slope, {"slope": xp.sum(dinner * x, axis=0)}

    def memory(self, shape, batch, itemsize, need_dx):
        size = batch * math.prod(shape) * itemsize
        return Memory(forward=3 * size, backward=3 * size, dx=size)
'''

USE = """
import numpy as np
from cs231n_lib import account, build, check_gradient
from cs231n_lib.costs.peak import predict_peak

net = build("INPUT[4x4x2] -> SOFTPLUS -> FC-3", rng=np.random.default_rng(0), dtype=np.float64)
X, y = np.random.default_rng(1).standard_normal((5, 2, 4, 4)), np.array([0, 1, 2, 0, 1])
loss, grads = net.loss(X, y)

def objective(value):
    kept, net.params["slope1"] = net.params["slope1"], value
    loss, _ = net.loss(X, y)
    net.params["slope1"] = kept
    return loss

slope = net.params["slope1"]
assert check_gradient(objective, slope, grads["slope1"], rng=np.random.default_rng(2))
print(account(net).parameters, predict_peak(net, 5).bytes > 0)
try:
    build("INPUT[4x4x2] -> SOFT", rng=np.random.default_rng(0))
except ValueError as error:
    print(error)
"""


def test_a_new_layer_is_one_file_and_a_name(tmp_path):
    library = tmp_path / "cs231n_lib"
    skip = shutil.ignore_patterns("__pycache__", "course")
    shutil.copytree(root() / "cs231n_lib", library, ignore=skip)
    (library / "layers" / "softplus.py").write_text(SOFTPLUS.lstrip())
    front = library / "layers" / "__init__.py"
    text = front.read_text()
    lines = {
        "\n# In the order": "\nfrom cs231n_lib.layers.softplus import Softplus\n\n# In the order",
        "Dropout, FC)": "Dropout, FC, Softplus)",
    }
    for old, new in lines.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    front.write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counted, error, *_ = done.stdout.splitlines()
    assert counted == f"{2 * 4 * 4 + 2 * 4 * 4 * 3 + 3} True"
    assert error.endswith("DROPOUT-0.5, FC-10 or SOFTPLUS")
