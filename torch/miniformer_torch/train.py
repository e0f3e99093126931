"""Goes on with a run: every process computes a part of each batch, and their gradients are added."""

import json
import os
import platform
import signal
import sys
import time
from argparse import Namespace
from contextlib import nullcontext
from math import ceil, cos, floor, inf, isfinite, pi
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from .checkpoint import LOCK, METRICS, OPTIMIZER, TABLE, WEIGHTS, expect_run, finish_save, kept_records, lock
from .checkpoint import read_checkpoint, save_checkpoint, save_file, sync
from .data import IGNORED, Rows, open_source
from .model import EXPORT, ExactDropout, Objective, from_ours, load_model, parts_of, to_ours, whole

STATES = {"adamw": {"mean": "exp_avg", "square": "exp_avg_sq"}, "sgd": {"velocity": "momentum_buffer"}}
"""What each optimizer keeps about a parameter: our name and torch's."""


def learning_rate(settings: dict[str, Any], step: int) -> float:
    """The rate of the update after so many steps: training/schedule.ts."""
    peak, least, warmup = settings["learningRate"], settings["minLearningRate"], settings["warmupSteps"]
    if step < warmup or settings["schedule"] == "constant":
        return peak * min(1, (step + 1) / max(1, warmup))
    progress = min(1, (step - warmup) / max(1, settings["steps"] - warmup))
    remaining = 1 - progress if settings["schedule"] == "linear" else 0.5 * (1 + cos(pi * progress))
    return least + (peak - least) * remaining


def epochs_after(step: int, per_epoch: float) -> int:
    """The epochs that are done after so many steps, each as soon as it is; see checkpoints/runs/intervals.ts."""
    return floor(step / per_epoch * (1 + 1e-12))


def shares(accumulation: int, batch_size: int, rank: int, world: int) -> list[tuple[int, int, int]]:
    """What a process computes of an update: batches, and of each the rows. All processes get as many."""
    if accumulation % world == 0:
        return [(batch, 0, batch_size) for batch in range(rank, accumulation, world)]
    first, last = batch_size * rank // world, batch_size * (rank + 1) // world
    return [(batch, first, last) for batch in range(accumulation)]


class Run:
    """A run that goes on here."""

    def __init__(self, path: Path, options: Namespace):
        self.path, self.options = path, options
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        if options.fsdp and (options.precision == "f16" or "RANK" not in os.environ):
            raise SystemExit("Cannot use --fsdp without torchrun, or with --precision f16: give bf16")
        cuda = torch.cuda.is_available()
        self.device = torch.device(f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if cuda else "cpu")
        if cuda:
            torch.cuda.set_device(self.device)
        if "RANK" in os.environ:
            dist.init_process_group("nccl" if cuda else "gloo", device_id=self.device if cuda else None)
        self.lock = -1
        if self.rank == 0:  # this process writes, and finishes an interrupted save before any process reads
            expect_run(path)
            self.lock = lock(path)
            finish_save(path / "last")
        if dist.is_initialized():
            dist.barrier()
        self.files, self.state = read_checkpoint(path / "last")
        if self.state.get("command") != "train" or "unwritten" in self.state:
            raise SystemExit(f"Cannot continue {path}: only a run of train whose records are all written goes on here")
        if not (path / TABLE).is_file():
            raise SystemExit(f"Cannot continue {path}: deno task train --export-torch {path} has to prepare it first")
        self.settings, self.step = self.state["settings"], self.state["step"]
        self.settings["steps"] = options.steps or self.settings["steps"]
        self.last = min(self.settings["steps"], options.stop_after or inf)
        if self.step >= self.last:
            done = f"it has done {self.step} steps of {self.last}; raise --stop-after or --steps"
            raise SystemExit(f"Cannot continue {path}: {done}")
        if options.fresh and self.step > 0:
            raise SystemExit(f"Cannot continue {path} with fresh weights: it has done {self.step} steps")
        self.records = kept_records(path / METRICS, self.step)
        if self.is_out_of_patience():
            stopped = f"--patience {self.settings['patience']} has stopped it; --resume in Deno takes another"
            raise SystemExit(f"Cannot continue {path}: {stopped}")
        self.source = open_source(path, self.state)
        self.per_epoch = self.source.size / self.settings["batchSize"] / self.settings["accumulation"]
        torch.manual_seed(self.settings["seed"])  # of fresh weights, which are the same in every process
        self.model = load_model(path / "last", options.exact, options.fresh).to(self.device)
        torch.manual_seed(self.settings["seed"] + self.step * self.world + self.rank)  # of dropout that is not exact
        del self.files[WEIGHTS]  # which are as large, and written anew
        self.objective: nn.Module = Objective(self.model)
        if options.fsdp:
            base = self.model.base_model
            for block in base.h if hasattr(base, "h") else base.encoder.layer:
                fully_shard(block)
            fully_shard(self.objective)
        elif dist.is_initialized():
            self.objective = DistributedDataParallel(self.objective)
        self.parts = parts_of(path, self.model)
        self.optimizer = self.new_optimizer()
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=options.precision == "f16")
        self.signals: list[int] = []
        self.is_stopped = False

    def new_optimizer(self) -> torch.optim.Optimizer:
        """The optimizer with its saved state. Parameters of more than one dimension decay."""
        settings, name = self.settings, self.settings.get("optimizer", "adamw")
        learned = [parameter for parts, _ in self.parts.values() for parameter in parts]
        decayed = {"params": [each for each in learned if each.ndim > 1], "weight_decay": settings["weightDecay"]}
        groups = [decayed, {"params": [each for each in learned if each.ndim == 1], "weight_decay": 0.0}]
        if name == "sgd":
            optimizer = torch.optim.SGD(groups, 0.0, settings.get("momentum", 0.9))
        else:
            betas = settings.get("beta1", 0.9), settings.get("beta2", 0.999)
            optimizer = torch.optim.AdamW(groups, 0.0, betas, settings.get("epsilon", 1e-8))
        saved = load(self.files.pop(OPTIMIZER))
        for ours, theirs in STATES[name].items():
            for parameter, (parts, turned) in self.parts.items():
                moment = saved.get(f"{ours}.{parameter}", torch.zeros(0))
                for part, tensor in zip(parts, from_ours(moment, parts, turned)):
                    if tensor.shape != part.shape:
                        path = self.path
                        raise SystemExit(f"Cannot use {path / TABLE}: it is of another model; {EXPORT} {path}")
                    optimizer.state[part] |= {theirs: tensor, "step": torch.tensor(float(self.step))}
        return optimizer

    def total(self, *values: float | Tensor) -> list[float]:
        """The sums of numbers over all processes."""
        numbers = torch.stack([torch.as_tensor(value, dtype=torch.float64, device=self.device) for value in values])
        if dist.is_initialized():
            dist.all_reduce(numbers)
        return numbers.tolist()

    def loss(self, rows: Rows) -> Tensor:
        """The sum of the losses of some rows."""
        dtype = {"bf16": torch.bfloat16, "f16": torch.float16}.get(self.options.precision, torch.float32)
        dropout = ExactDropout(self.settings["seed"], rows) if self.options.exact else nullcontext()
        with dropout, torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32):
            tensors = (torch.from_numpy(array).to(self.device) for array in (rows.inputs, rows.targets, rows.lengths))
            return self.objective(*tensors)

    def update(self) -> dict[str, Any]:
        """One step, and its record."""
        settings, accumulation = self.settings, self.settings["accumulation"]
        parts = []
        for batch, first, last in shares(accumulation, settings["batchSize"], self.rank, self.world):
            parts.append(self.source.rows(self.step * accumulation + batch, first, max(last, first + 1)))
            if first == last:  # more processes than rows: this one computes with the others, but nothing that counts
                parts[-1].targets[:] = IGNORED
        count, signals = self.total(sum(part.count for part in parts), len(self.signals))
        self.is_stopped = signals > 0  # of any process: all of them stop after the same step
        self.objective.train()
        summed = torch.zeros((), dtype=torch.float64, device=self.device)
        for part in parts:
            waits = part is not parts[-1]  # gradients are exchanged once, with the last part
            if self.options.fsdp:
                self.objective.set_requires_gradient_sync(not waits)
            with self.objective.no_sync() if waits and hasattr(self.objective, "no_sync") else nullcontext():
                loss = self.loss(part)
                # the processes' gradients are averaged, so the sum of their losses is divided by one over their number
                self.scaler.scale(loss * (self.world / max(1, count))).backward()
            summed += loss.detach()
        rate = learning_rate(settings, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.scaler.unscale_(self.optimizer)
        norm = whole(nn.utils.clip_grad_norm_(self.objective.parameters(), settings["clipNorm"] or inf)).item()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        self.step += 1
        loss = self.total(summed)[0] / max(1, count)
        if not isfinite(loss) or self.options.precision != "f16" and not isfinite(norm):
            raise SystemExit(f"The loss at step {self.step} is {loss}, its gradient's norm {norm}: lower the rate")
        record = {"step": self.step, "epoch": self.step / self.per_epoch, "loss": loss, "gradientNorm": norm}
        return record | {"learningRate": rate} | self.add_to_epoch(loss)

    def add_to_epoch(self, loss: float) -> dict[str, Any]:
        """Adds a loss to those of its epoch, and gives what the record of the last step of an epoch has besides."""
        before = self.state.get("epochLoss", {"steps": 0, "sum": 0.0})
        if self.ends_epoch(self.step - 1):
            before = {"steps": 0, "sum": 0.0}
        self.state["epochLoss"] = {"steps": before["steps"] + 1, "sum": before["sum"] + loss}
        if self.settings["evaluationInterval"] != "epoch" or not self.ends_epoch(self.step):
            return {}
        mean = self.state["epochLoss"]["sum"] / self.state["epochLoss"]["steps"]
        return {"completedEpochs": epochs_after(self.step, self.per_epoch), "epochLoss": mean}

    def ends_epoch(self, step: int) -> bool:
        """Whether an epoch ends with a step."""
        return epochs_after(step, self.per_epoch) > epochs_after(step - 1, self.per_epoch)

    def is_due(self, interval: int | str) -> bool:
        """Whether what is done at an interval is done after this step."""
        return self.ends_epoch(self.step) if interval == "epoch" else self.step % interval == 0

    @torch.no_grad()
    def validate(self) -> float:
        """The mean loss on the validation text."""
        self.objective.eval()
        batches = self.source.validation()
        summed, count = torch.zeros((), dtype=torch.float64, device=self.device), 0
        for turn in range(self.rank, ceil(len(batches) / self.world) * self.world, self.world):
            rows = batches[turn % len(batches)]
            loss = self.loss(rows)  # in every process as often, since they may hold parts of the model
            if turn < len(batches):
                summed, count = summed + loss, count + rows.count
        total, count = self.total(summed, count)
        if not isfinite(total):
            raise SystemExit(f"The validation loss at step {self.step} is {total}: lower the learning rate")
        return total / count

    def save(self, names: list[str]) -> None:
        """Saves checkpoints. All processes call it, since each may hold a part of the tensors; one writes."""
        weights, kept = {}, {}
        for name, parameter in self.model.named_parameters():
            tensor = whole(parameter).contiguous()
            weights |= {name: tensor} if self.rank == 0 else {}  # the others keep nothing
        for ours, theirs in STATES[self.settings.get("optimizer", "adamw")].items():
            for name, (parts, turned) in self.parts.items():
                tensor = to_ours([self.optimizer.state[part][theirs] for part in parts], turned)
                kept |= {f"{ours}.{name}": tensor} if self.rank == 0 else {}
        if self.rank > 0:
            return
        self.lock = lock(self.path, self.lock)
        sync(self.path / METRICS)
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else platform.machine() + " CPU"
        device = f"PyTorch {torch.__version__}, {self.world} x {name}, {self.options.precision}"
        state = self.state | {"backend": {"name": "torch", "device": device}, "step": self.step}
        files = self.files | {WEIGHTS: save(weights, {"format": "pt"}), OPTIMIZER: save(kept)}
        for name in names:
            save_checkpoint(self.path / name, files, state)

    def train(self) -> None:
        """Goes on to the last step, the one to stop after, or a signal; the end is saved."""
        settings, begun = self.settings, time.monotonic()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(name) is not signal.SIG_IGN:  # as nohup has it
                signal.signal(name, lambda number, _: self.signals.append(number))
        before = self.records[-1]["seconds"] if self.records else 0.0
        if self.rank == 0:
            save_file(self.path / METRICS, "".join(json.dumps(record) + "\n" for record in self.records))
        is_over = False
        while not is_over:
            record, names = self.update(), []
            if self.is_due(settings["evaluationInterval"]) or self.step == settings["steps"]:
                record["validationLoss"] = self.validate()
                if record["validationLoss"] < self.state.get("best", {}).get("validationLoss", inf):
                    self.state["best"] = {"step": self.step, "validationLoss": record["validationLoss"]}
                    names.append("best")
            self.note(record | {"seconds": round(before + time.monotonic() - begun, 3)})
            is_over = self.step == self.last or self.is_stopped or self.is_out_of_patience()
            interval = settings["saveInterval"]
            if interval == "epoch" and self.is_due(interval):
                names.append(f"epoch-{epochs_after(self.step, self.per_epoch)}")
            usual = min(ceil(settings["steps"] / 10), 250) if interval == "epoch" else interval
            if is_over or self.is_due(interval) or self.step % usual == 0:
                names.append("last")
            if names:
                self.save(names)
        if self.rank == 0:
            self.say(f"step {self.step} of {settings['steps']} is saved in {self.path}/last\n"
                     f"Go on in Deno: deno task train --resume {self.path}")  # fmt: skip
            (self.path / LOCK).unlink(missing_ok=True)
        status = 128 + self.signals[0] if self.signals else 0
        if dist.is_initialized():
            dist.barrier()  # none ends while another still saves
            sys.stdout.flush()
            os._exit(status)  # where the interpreter ends first, gloo's threads may abort the process (PyTorch #179291)
        raise SystemExit(status)

    def note(self, record: dict[str, Any]) -> None:
        """Adds a record to metrics.jsonl, if it is due, and prints it."""
        is_due = self.is_due(self.settings["logInterval"]) or "validationLoss" in record
        if not is_due or not isfinite(record["gradientNorm"]):  # f16 leaves out an update whose gradients overflow
            return
        self.records.append(record)
        if self.rank == 0:
            with open(self.path / METRICS, "a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
            losses = "  ".join(f"{name} {record[name]:.4f}" for name in ("loss", "validationLoss") if name in record)
            self.say(f"step {self.step}/{self.settings['steps']}  {losses}")

    def say(self, text: str) -> None:
        """Prints a line. Where its reader has gone, the run is saved and ends, as after a signal."""
        try:
            print(text, flush=True)
        except OSError:
            sys.stdout = open(os.devnull, "w")
            self.signals.append(signal.SIGPIPE)

    def is_out_of_patience(self) -> bool:
        """Whether as many validations in a row as the run's patience had no lower loss."""
        losses = [record["validationLoss"] for record in self.records if "validationLoss" in record]
        patience = self.settings.get("patience")
        return bool(patience and losses) and len(losses) - 1 - losses.index(min(losses)) >= patience
