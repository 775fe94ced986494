"""AlexNet and ResNet-18 as they are counted, built and run: one step, against PyTorch's."""

from __future__ import annotations

import importlib.util
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from cs231n_lib.costs.account import account
from cs231n_lib.costs.peak import predict_peak
from cs231n_lib.layers import LAYERS
from cs231n_lib.nets.chain import Chain
from cs231n_lib.nets.published import alexnet, resnet18

FIXTURES = Path(__file__).parents[1] / "fixtures"
_spec = importlib.util.spec_from_file_location(
    "make_torch_nets_fixtures", FIXTURES / "make_torch_nets_fixtures.py"
)
made = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made)

ARCHITECTURES = {"alexnet": alexnet, "resnet18": resnet18}
# PyTorch's values are float64. ResNet's gradients pass twenty normalisations over few values each.
TOLERANCE = {"alexnet": (np.float64, 1e-8), "resnet18": (np.float64, 1e-8)}


@pytest.mark.slow
@pytest.mark.parametrize("name", made.NETS)
def test_one_step_is_that_of_torch_and_of_the_account(name, monkeypatch):
    dtype, tolerance = TOLERANCE[name]
    torch = {
        key.partition("/")[2]: array
        for key, array in np.load(made.FIXTURE).items()
        if key.startswith(f"{name}/")
    }

    def close(array, key):
        np.testing.assert_allclose(array, torch[key], rtol=tolerance, atol=tolerance, err_msg=key)

    # Drawing what is replaced at once would take longer than the step.
    monkeypatch.setattr(
        Chain, "_draw", lambda self, *a: (Chain._fill(self, *a, 0), self._weights.append(a[0]))
    )
    net = Chain(ARCHITECTURES[name](), rng=np.random.default_rng(0), dtype=dtype)
    for index, (key, parameter) in enumerate(net.params.items()):
        drawn = made.value(index, parameter.shape, key.rstrip("0123456789"))
        net.params[key] = drawn.astype(dtype, copy=False)
    counted = account(net, relu_in_place=False)
    assert sum(parameter.size for parameter in net.params.values()) == counted.parameters

    outputs = []
    with monkeypatch.context() as patch:
        for layer in LAYERS:

            def spied(self, x, *rest, run=layer.forward):
                result = run(self, x, *rest)
                outputs.append(result[0].size // len(x))
                return result

            patch.setattr(layer, "forward", spied)
        images, labels = made.inputs()
        X = images.astype(dtype)
        tracemalloc.start()
        loss, grads = net.loss(X, labels)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    rows = [row.activations for row in counted.rows if row.name != "INPUT"]
    assert outputs == rows
    assert peak <= 1.03 * predict_peak(net, len(X)).bytes

    close(loss, "loss")
    for index, (key, grad) in enumerate(grads_in_order(net, grads)):
        norm, projection = made.summary(index, grad)
        expected = torch[f"grad{index}"]
        assert norm == pytest.approx(expected[0], rel=tolerance), key
        assert projection == pytest.approx(expected[1], abs=10 * tolerance * expected[0]), key
    for key, running in net.buffers.items():
        number = int(re.sub("[a-z_]", "", key))
        close(made.summary(number, running), key)
    for key in net.params:
        net.params[key] = net.params[key] - dtype(made.RATE) * grads[key]
    assert net.loss(X, labels)[0] == pytest.approx(float(torch["loss after"]), rel=10 * tolerance)


def grads_in_order(net, grads):
    """Yield the gradients in the order of the parameters."""
    assert grads.keys() == net.params.keys()
    for key in net.params:
        yield key, grads[key]
