"""Memory of one training step of VGG-16 in a framework, beside the account of chapter 12.

Run by hand, ``python -m benchmarks.memory``, where PyTorch is installed; it writes
``results/memory.json``. Each batch runs in a process of its own, whose high-water mark of resident
memory is read after two steps of Adam, less what it was before the network was made.
"""

import json
import platform
import resource
import subprocess
import sys
from pathlib import Path

RESULT = Path(__file__).with_name("results") / "memory.json"
BATCHES = (1, 2, 4, 8, 16)


def step(batch: int) -> int:
    """Train VGG-16 for two steps on images of noise; return bytes above those of the import."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    layers: list[nn.Module] = []
    channels = 3
    for repeats, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(repeats):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(inplace=True)]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(inplace=True)]
    layers += [nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Linear(4096, 1000)]
    net = nn.Sequential(*layers)
    optimiser = torch.optim.Adam(net.parameters(), foreach=False)
    X, y = torch.randn(batch, 3, 224, 224), torch.zeros(batch, dtype=torch.long)
    for _ in range(2):  # Adam makes its averages in the first
        optimiser.zero_grad(set_to_none=False)
        nn.functional.cross_entropy(net(X), y).backward()
        optimiser.step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before


def main() -> None:
    """Measure each batch in a fresh process, and write what was found."""
    import torch

    found = []
    for batch in BATCHES:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", str(batch)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.append({"batch": batch, "bytes": int(done.stdout)})
        print(found[-1])
    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    record = {"network": "VGG-16", "optimiser": "Adam", "machine": machine, "steps": found}
    RESULT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(step(int(sys.argv[1])))
    else:
        main()
