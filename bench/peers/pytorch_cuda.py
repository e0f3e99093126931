"""Training steps and matrix products in PyTorch on a GPU, in 32-bit floats: TF32 is off. Prints a line of JSON for each figure.

    python3 pytorch_cuda.py cuda train START SECONDS
    python3 pytorch_cuda.py cuda matmul SECONDS SIZE...

START is a file of bench/peers/start.ts. Each figure is measured for about so many seconds, in rounds without a wait in
between, as ours is. Training is measured eagerly and, where it can be, compiled. Without CUDA it says so in one line.
"""

import json
import os
import statistics
import sys
import time

try:
    import torch
except ImportError:
    print(json.dumps({"missing": "this Python has no PyTorch"}))
    sys.exit()

DEVICE = sys.argv[1]
if DEVICE == "cuda" and not torch.cuda.is_available():
    print(json.dumps({"missing": f"PyTorch {torch.__version__} finds no CUDA device"}))
    sys.exit()

from pytorch import Gpt  # noqa: E402
from start import read_start  # noqa: E402

torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.set_float32_matmul_precision("highest")
NAME = torch.cuda.get_device_name() if DEVICE == "cuda" else "CPU"
ENGINE = f"PyTorch {torch.__version__}, {NAME}"


def wait():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def time_rounds(body, seconds):
    """The median time of one call in five rounds of many, in milliseconds."""
    def measure(count):
        wait()
        start = time.perf_counter()
        for _ in range(count):
            body()
        wait()
        return time.perf_counter() - start

    measure(1)
    count = max(1, min(256, int(seconds / 5 / max(1e-6, measure(1)))))
    return 1e3 * statistics.median(measure(count) / count for _ in range(5))


def report(**figure):
    print(json.dumps({**figure, "engine": ENGINE}), flush=True)


def train(path, seconds, compiled):
    sizes, parameters, inputs, targets = read_start(path)
    model = Gpt(sizes, {name: value.to(DEVICE) for name, value in parameters.items()})
    model.parameters.setdefault("head", model.parameters["tokens"])
    inputs, targets = inputs.to(DEVICE), targets.to(DEVICE)
    # a tied head is in the dictionary twice
    values = list({id(value): value for value in model.parameters.values()}.values())
    groups = [{"params": [value for value in values if value.dim() > 1], "weight_decay": 0.1},
              {"params": [value for value in values if value.dim() == 1], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8, fused=True)
    loss_of = torch.compile(model.loss) if compiled else model.loss

    def step():
        loss = loss_of(inputs, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss

    losses = [step().item() for _ in range(3)]
    if DEVICE == "cuda":
        torch.cuda.reset_peak_memory_stats()
    ms = time_rounds(step, seconds)
    held = {"bytes": torch.cuda.max_memory_allocated()} if DEVICE == "cuda" else {}
    report(ms=ms, values=losses, mode="compiled" if compiled else "eager", **held)


def matmul(seconds, sizes):
    for size in sizes:
        index = torch.arange(size * size, device=DEVICE)
        a = ((index * 7919 % 1000) / 1000 - 0.5).reshape(size, size)
        b = ((index * 104729 % 1000) / 1000 - 0.5).reshape(size, size)
        y = torch.empty(size, size, device=DEVICE)
        for layout, left, right in [("A·B", a, b), ("A·Bᵀ", a, b.t()), ("Aᵀ·B", a.t(), b), ("Aᵀ·Bᵀ", a.t(), b.t())]:
            ms = time_rounds(lambda: torch.matmul(left, right, out=y), seconds)
            report(name=f"matmul {size} {layout}", mode="eager", ms=ms, values=y.flatten()[:3].tolist())


task, *rest = sys.argv[2:]
if task == "matmul":
    matmul(float(rest[0]), [int(size) for size in rest[1:]])
else:
    train(rest[0], float(rest[1]), False)
    try:
        train(rest[0], float(rest[1]), True)
    except Exception as error:  # a compiler may be missing, which PyTorch reports in many ways
        reason = str(error).strip().splitlines()
        print(json.dumps({"mode": "compiled", "missing": f"torch.compile failed: {reason[0] if reason else error!r}"}),
              flush=True)
        sys.stdout.flush()
        os._exit(0)  # its workers would keep the process
