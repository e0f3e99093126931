"""Reads what bench/peers/start.ts writes: the sizes of a model, its initial parameters and a batch."""

import json

import numpy as np
import torch


def read_start(path):
    """Returns the sizes, the parameters by name, and the ids of the inputs and targets, each (batch, context)."""
    with open(path, "rb") as file:
        header = json.loads(file.readline())
        parameters = {}
        for entry in header["parameters"]:
            values = np.fromfile(file, "<f4", int(np.prod(entry["shape"])))
            parameters[entry["name"]] = torch.from_numpy(values).reshape(entry["shape"])
        sizes, batch_size = header["model"], header["batchSize"]
        ids = np.fromfile(file, "<i4").astype(np.int64).reshape(2, batch_size, sizes["contextLength"])
    return sizes, parameters, torch.from_numpy(ids[0]), torch.from_numpy(ids[1])


def facts():
    """The version of PyTorch and what it multiplies matrices with, for a note below the table."""
    lines = [line.strip(" -\n") for line in torch.__config__.show().splitlines()]
    chosen = ["Math Kernel Library", "MKL-DNN", "CPU capability", "BLAS_INFO"]
    short = [line if len(line) < 120 else f"BLAS_INFO={line.split('BLAS_INFO=')[1].split(',')[0]}"
             for line in lines if any(word in line for word in chosen)]
    return f"PyTorch {torch.__version__}: {'; '.join(short)}"
