"""Training steps of a GPT, and a matrix product, in PyTorch on the CPU. Prints one line of JSON.

    python3 pytorch.py train START STEPS THREADS
    python3 pytorch.py matmul SIZE THREADS

START is a file of bench/peers/start.ts. The first two steps are not counted.
"""

import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F

from start import facts, read_start


class Gpt:
    """Pre-norm blocks, GELU in its tanh form, an untied head; weights are (in, out), as everywhere in this benchmark."""

    def __init__(self, sizes, parameters):
        self.heads, self.layers = sizes["heads"], sizes["layers"]
        # a linear layer of PyTorch keeps its weight as (out, in)
        self.parameters = {
            name: (value.t() if name.endswith(("queryKeyValue.weight", "projection.weight", "expand.weight",
                                               "contract.weight", "head")) else value)
            .contiguous().requires_grad_()
            for name, value in parameters.items()
        }

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"], 1e-5)

    def linear(self, x, name):
        return F.linear(x, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])

    def attention(self, x, layer):
        batch, time_, width = x.shape
        packed = self.linear(x, f"{layer}.queryKeyValue").view(batch, time_, 3, self.heads, width // self.heads)
        query, key, value = packed.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.linear(mixed.transpose(1, 2).reshape(batch, time_, width), f"{layer}.projection")

    def loss(self, inputs, targets):
        x = F.embedding(inputs, self.parameters["tokens"]) + self.parameters["positions"]
        for layer in range(self.layers):
            x = x + self.attention(self.norm(x, f"{layer}.norm1"), layer)
            inner = F.gelu(self.linear(self.norm(x, f"{layer}.norm2"), f"{layer}.expand"), approximate="tanh")
            x = x + self.linear(inner, f"{layer}.contract")
        logits = F.linear(self.norm(x, "finalNorm"), self.parameters["head"])
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def milliseconds(work):
    start = time.perf_counter()
    result = work()
    return (time.perf_counter() - start) * 1e3, result


def train(path, steps):
    sizes, parameters, inputs, targets = read_start(path)
    model = Gpt(sizes, parameters)
    matrices = [value for value in model.parameters.values() if value.dim() > 1]
    vectors = [value for value in model.parameters.values() if value.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8, fused=True)

    def step():
        loss = model.loss(inputs, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    timed = [milliseconds(step) for _ in range(steps)]
    return {"ms": statistics.median(ms for ms, _ in timed[min(2, steps - 1):]), "values": [loss for _, loss in timed[:3]]}


def matmul(size):
    index = torch.arange(size * size)
    a = ((index * 7919 % 1000) / 1000 - 0.5).reshape(size, size)
    b = ((index * 104729 % 1000) / 1000 - 0.5).reshape(size, size)
    y = torch.empty(size, size)
    timed = [milliseconds(lambda: torch.matmul(a, b, out=y))[0] for _ in range(30)]
    return {"ms": statistics.median(timed[5:]), "values": y.flatten()[:3].tolist()}


if __name__ == "__main__":
    task, what, *rest = sys.argv[1:]
    torch.set_num_threads(int(rest[-1]))
    result = train(what, int(rest[0])) if task == "train" else matmul(int(what))
    print(json.dumps({**result, "engine": f"PyTorch {torch.__version__}", "note": facts()}))
