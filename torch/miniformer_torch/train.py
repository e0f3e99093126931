"""Goes on with a run: every process computes a part of each batch, and their gradients are added."""

import json
import os
import platform
import re
import signal
import sys
import time
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from math import ceil, cos, isfinite, pi
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from . import __version__
from .checkpoint import Lock, finish_save, kept_records, read_checkpoint, save_file, save_folder
from .checkpoint import sealed, siblings, sync, to_json
from .data import IGNORED, Rows, open_source, read_json, validation_limit
from .model import ExactDropout, Objective, from_ours, load_model, our_names, to_ours, whole

STATES = {"adamw": {"mean": "exp_avg", "square": "exp_avg_sq"}, "sgd": {"velocity": "momentum_buffer"}}
"""What each optimizer keeps about a parameter: our name and torch's."""


def learning_rate(settings: dict[str, Any], step: int) -> float:
    """The rate of the update after so many steps: training/schedule.ts."""
    peak, least, warmup = settings["learningRate"], settings["minLearningRate"], settings["warmupSteps"]
    if step < warmup:
        return peak * (step + 1) / warmup
    if settings["schedule"] == "constant":
        return peak
    progress = min(1, (step - warmup) / max(1, settings["steps"] - warmup))
    remaining = 1 - progress if settings["schedule"] == "linear" else 0.5 * (1 + cos(pi * progress))
    return least + (peak - least) * remaining


def steps_of_epochs(epochs: int, per_epoch: float) -> int:
    """The steps that so many epochs take, rounded up; see commands/settings/intervals.ts."""
    exact = epochs * per_epoch
    return round(exact) if abs(exact - round(exact)) <= 1e-12 * exact else ceil(exact)


def epochs_after(step: int, per_epoch: float) -> int:
    """The epochs that are done after so many steps."""
    near = ceil(step / per_epoch)
    return next((epochs for epochs in (near, near - 1) if steps_of_epochs(epochs, per_epoch) <= step), 0)


def shares(accumulation: int, batch_size: int, rank: int, world: int) -> list[tuple[int, int, int]]:
    """What a process computes of an update: batches, and of each the rows. All processes get as many."""
    if accumulation % world == 0:
        return [(batch, 0, batch_size) for batch in range(rank, accumulation, world)]
    first, last = batch_size * rank // world, batch_size * (rank + 1) // world
    return [(batch, first, last) for batch in range(accumulation)]


class Run:
    """A run that goes on here."""

    def __init__(self, path: Path, options: Any):
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
        self.lock = self.claim() if self.rank == 0 else None  # this process writes
        if dist.is_initialized():
            dist.barrier()  # an interrupted save is finished before any process reads
        self.files, self.state = read_checkpoint(path / "last")
        if self.state.get("command") != "train" or "unwritten" in self.state:
            raise SystemExit(f"Cannot continue {path}: only a run of train whose records are all written goes on here")
        self.settings, self.step = self.state["settings"], self.state["step"]
        self.settings["steps"] = options.steps or self.settings["steps"]
        torch.manual_seed(self.settings["seed"] + self.step * self.world + self.rank)  # of dropout that is not exact
        self.source = open_source(path, self.state)
        self.per_epoch = self.source.size / self.source.batch_size / self.settings["accumulation"]
        self.model = load_model(path / "last", options.exact).to(self.device)
        del self.files["model.safetensors"]  # which is as large, and written anew
        self.objective: nn.Module = Objective(self.model)
        if options.fsdp:
            base = self.model.base_model
            for block in base.h if hasattr(base, "h") else base.encoder.layer:
                fully_shard(block)
            fully_shard(self.objective)
        elif dist.is_initialized():
            self.objective = DistributedDataParallel(self.objective, [self.device] if cuda else None)
        self.named = our_names(self.model)
        self.optimizer = self.new_optimizer()
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=options.precision == "f16")
        self.records = kept_records(path / "metrics.jsonl", self.step)
        self.signals: list[int] = []
        self.is_stopped = False

    def claim(self) -> Lock:
        """Locks the folder, and finishes a save that was interrupted."""
        last = self.path / "last"
        if not any(folder.exists() for folder in (last, *siblings(last))):
            raise SystemExit(f"Cannot continue {self.path}: it has no last/, the newest checkpoint of a run of train")
        lock = Lock(self.path)
        finish_save(last)
        return lock

    def new_optimizer(self) -> torch.optim.Optimizer:
        """The optimizer with its saved state. Parameters of more than one dimension decay."""
        settings, name = self.settings, self.settings.get("optimizer", "adamw")
        parameters = [parameter for group in self.named.values() for parameter in group]
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings["weightDecay"]},
            {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
        ]
        if name == "sgd":
            optimizer = torch.optim.SGD(groups, 0.0, settings.get("momentum", 0.9))
        else:
            betas = settings.get("beta1", 0.9), settings.get("beta2", 0.999)
            optimizer = torch.optim.AdamW(groups, 0.0, betas, settings.get("epsilon", 1e-8))
        saved = load(self.files.pop("optimizer.safetensors"))
        for ours, theirs in STATES[name].items():
            for parameter, group in self.named.items():
                parts = from_ours(parameter, saved[f"{ours}.{parameter}"], group, self.model)
                for part, tensor in zip(group, parts):
                    optimizer.state[part][theirs] = tensor
                    optimizer.state[part]["step"] = torch.tensor(float(self.step))
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
        for number, part in enumerate(parts):
            waits = number + 1 < len(parts)  # gradients are exchanged once, with the last part
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
        norm = nn.utils.clip_grad_norm_(self.objective.parameters(), settings["clipNorm"] or float("inf"))
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        self.step += 1
        loss = self.total(summed)[0] / max(1, count)
        norm = float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)
        if not isfinite(loss) or self.options.precision != "f16" and not isfinite(norm):
            raise SystemExit(f"The loss at step {self.step} is {loss}, its gradient's norm {norm}: lower the rate")
        epoch = self.step * accumulation / (self.source.size / self.source.batch_size)
        record = {"step": self.step, "epoch": epoch, "loss": loss, "gradientNorm": norm, "learningRate": rate}
        return record | self.add_to_epoch(loss)

    def add_to_epoch(self, loss: float) -> dict[str, Any]:
        """Adds a loss to those of its epoch, and gives what the record of the last step of an epoch has besides."""
        done = epochs_after(self.step - 1, self.per_epoch)
        first, before = steps_of_epochs(done, self.per_epoch) + 1, self.state.get("epochLoss")
        steps, sum_ = (before["steps"], before["sum"]) if before and self.step > first else (0, 0.0)
        self.state["epochLoss"] = {"steps": steps + 1, "sum": sum_ + loss}
        whole = steps + 1 == self.step - first + 1 and self.is_due("epoch")
        if self.settings["evaluationInterval"] != "epoch" or not whole:
            return {}
        return {"completedEpochs": epochs_after(self.step, self.per_epoch), "epochLoss": (sum_ + loss) / (steps + 1)}

    def is_due(self, interval: int | str) -> bool:
        """Whether what is done at an interval is done after this step."""
        if interval == "epoch":
            return epochs_after(self.step, self.per_epoch) > epochs_after(self.step - 1, self.per_epoch)
        return self.step % interval == 0

    @torch.no_grad()
    def validate(self) -> float:
        """The mean loss on the validation text."""
        self.objective.eval()
        samples, size = self.source.validation(validation_limit(self.settings)), self.source.batch_size
        batches = [samples[at : at + size] for at in range(0, len(samples), size)]
        summed, count = torch.zeros((), dtype=torch.float64, device=self.device), 0
        for turn in range(0, len(batches), self.world):
            rows = self.source.pack((batches + batches[:1] * self.world)[turn + self.rank])
            if turn + self.rank >= len(batches):
                rows.targets[:] = IGNORED
            summed, count = summed + self.loss(rows), count + rows.count
        total, count = self.total(summed, count)
        if not isfinite(total):
            raise SystemExit(f"The validation loss at step {self.step} is {total}: lower the learning rate")
        return total / count

    def save(self, names: list[str]) -> None:
        """Saves checkpoints. All processes call it, since each may hold a part of the tensors; one writes."""
        tensors, kept = {}, {}
        for name, parameter in self.model.named_parameters():
            tensor = whole(parameter).contiguous()
            tensors |= {name: tensor} if self.lock else {}  # the others keep nothing
        for ours, theirs in STATES[self.settings.get("optimizer", "adamw")].items():
            for name, group in self.named.items():
                tensor = to_ours(name, [self.optimizer.state[part][theirs] for part in group], self.model)
                kept |= {f"{ours}.{name}": tensor} if self.lock else {}
        if self.lock is None:
            return
        self.lock.keep()
        sync(self.path / "metrics.jsonl")
        made = {"model.safetensors": save(tensors, {"format": "pt"}), "optimizer.safetensors": save(kept)}
        state = {**self.state, "backend": {"name": "torch", "device": self.device_name()}, "step": self.step}
        for name in names:
            save_folder(self.path / name, sealed({**self.files, **made}, state))

    def train(self) -> None:
        """Goes on to the last step, the one to stop after, or a signal; the end is saved."""
        settings, begun = self.settings, time.monotonic()
        last = min(settings["steps"], self.options.stop_after or settings["steps"])
        if self.step >= last:
            done = f"it has done {self.step} steps of {last}; raise --stop-after or --steps"
            raise SystemExit(f"Cannot continue {self.path}: {done}")
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, lambda number, _: self.signals.append(number))
        before = self.records[-1]["seconds"] if self.records else 0.0
        first = self.step
        if self.lock:
            save_file(self.path / "metrics.jsonl", "".join(to_json(record) + "\n" for record in self.records))
            self.cut_samples()
            self.note_session(first, 0.0)
        is_over = False
        while not is_over:
            record = self.update()
            names = []
            if self.is_due(settings["evaluationInterval"]) or self.step == settings["steps"]:
                record["validationLoss"] = self.validate()
                best = self.state.get("best", {}).get("validationLoss", float("inf"))
                if record["validationLoss"] < best:
                    self.state["best"] = {"step": self.step, "validationLoss": record["validationLoss"]}
                    names.append("best")
            record["seconds"] = round(before + time.monotonic() - begun, 3)
            self.note(record)
            is_over = self.step == last or self.is_stopped or "validationLoss" in record and self.is_out_of_patience()
            interval = settings["saveInterval"]
            if interval == "epoch" and self.is_due(interval):
                names.append(f"epoch-{epochs_after(self.step, self.per_epoch)}")
            usual = min(ceil(settings["steps"] / 10), 250) if interval == "epoch" else interval
            if is_over or self.is_due(interval) or self.step % usual == 0:
                names.append("last")
            if names:
                self.save(names)
        if self.lock:
            self.note_session(first, round(time.monotonic() - begun, 3))
            self.lock.release()
            print(f"step {self.step} of {settings['steps']} is saved in {self.path}/last\nGo on in Deno: "
                  f"deno task train --resume {self.path}")  # fmt: skip
        if dist.is_initialized():
            dist.destroy_process_group()
        if self.signals:
            raise SystemExit(128 + self.signals[0])

    def note(self, record: dict[str, Any]) -> None:
        """Adds a record to metrics.jsonl, if it is due, and prints it."""
        is_due = self.is_due(self.settings["logInterval"]) or "validationLoss" in record
        if not is_due or not isfinite(record["gradientNorm"]):  # f16 leaves out an update whose gradients overflow
            return
        self.records.append(record)
        if self.lock is None:
            return
        with open(self.path / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write(to_json(record) + "\n")
        words = [f"step {record['step']}/{self.settings['steps']}  loss {record['loss']:.4f}"]
        words += [f"validation {record['validationLoss']:.4f}"] if "validationLoss" in record else []
        print("  ".join(words), flush=True)

    def is_out_of_patience(self) -> bool:
        """Whether as many validations in a row as the run's patience had no lower loss."""
        losses = [record["validationLoss"] for record in self.records if "validationLoss" in record]
        patience = self.settings.get("patience")
        return bool(patience and losses) and len(losses) - 1 - losses.index(min(losses)) >= patience

    def cut_samples(self) -> None:
        """Drops the samples of later steps, which belong to what was lost."""
        path = self.path / "samples.txt"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        for heading in re.finditer(r"^=== step (\d+)", text, re.MULTILINE):
            if int(heading[1]) > self.step:
                return save_file(path, text[: heading.start()])

    def note_session(self, first: int, seconds: float) -> None:
        """Writes in run.json what went on here, since a start that it does not list yet."""
        path = self.path / "run.json"
        try:
            run = read_json(path)
        except (OSError, ValueError):  # none yet, or damaged: nothing depends on it
            run = {"command": "train", "settings": self.settings}
        session = {
            "started": (datetime.now(timezone.utc) - timedelta(seconds=seconds)).isoformat(timespec="seconds"),
            "commandLine": sys.argv[1:],
            "miniformerTorch": __version__,
            "device": self.device_name(),
            "firstStep": first,
        } | ({"lastStep": self.step, "seconds": seconds} if seconds else {})
        sessions = run.get("sessions", [])
        run["sessions"] = (sessions[:-1] if seconds else sessions) + [session]
        save_file(path, json.dumps(run, indent=2, ensure_ascii=False) + "\n")

    def device_name(self) -> str:
        """What the run computes on, for its records."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else platform.machine() + " CPU"
        return f"PyTorch {torch.__version__}, {self.world} x {name}, {self.options.precision}"
