"""The batches of a run: the same windows, masks and order as data/batches.ts and data/masked_batches.ts make."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np

from .philox import Random, permutation

IGNORED = -100
"""The target of a position that is no part of the loss, for torch's cross_entropy."""

Sample = tuple[np.ndarray, np.ndarray]
"""The ids that the model reads, and the target of each."""


@dataclass
class Rows:
    """Some rows of a batch."""

    inputs: np.ndarray  # (rows, T)
    targets: np.ndarray  # (rows, T)
    lengths: np.ndarray  # (rows,): tokens without padding
    number: int  # of the batch in the run, and of its first row here: dropout depends on both
    first: int

    @property
    def count(self) -> int:
        """The targets that a mean loss is divided by."""
        return int((self.targets != IGNORED).sum())


@dataclass
class Source:
    """Batches of training and of validation."""

    settings: dict[str, Any]
    T: int
    size: int  # samples in an epoch
    sample: Callable[[int, int], Sample]  # of an epoch, by its index
    held_size: int  # samples of the validation text
    held: Callable[[int], Sample]  # of the validation text, by its index: the same each time
    padding: int = 0

    def rows(self, number: int, first: int, last: int) -> Rows:
        """Rows of a batch, up to the last exclusively."""
        begin = number * self.settings["batchSize"]
        drawn = [divmod(row, self.size) for row in range(begin + first, begin + last)]  # epoch, and place in its order
        order = [(epoch, permutation(self.size, self.settings["seed"], epoch)[place]) for epoch, place in drawn]
        return self.pack([self.sample(*each) for each in order], number, first)

    def validation(self) -> list[Rows]:
        """Batches spread evenly over the validation text: 20 and 16,384 tokens at least, if it is long enough."""
        size = self.settings["batchSize"]
        count = min(self.held_size, max(20 * size, ceil(16_384 / self.settings["contextLength"])))
        samples = [self.held(row * self.held_size // count) for row in range(count)]
        return [self.pack(samples[at : at + size]) for at in range(0, count, size)]

    def pack(self, samples: list[Sample], number: int = 0, first: int = 0) -> Rows:
        """Pads samples to one length."""
        inputs = np.full((len(samples), self.T), self.padding, np.int64)
        targets = np.full((len(samples), self.T), IGNORED, np.int64)
        for row, (ids, wanted) in enumerate(samples):
            inputs[row, : len(ids)], targets[row, : len(ids)] = ids, wanted
        return Rows(inputs, targets, np.array([len(ids) for ids, _ in samples]), number, first)


def causal_source(training: np.ndarray, validation: np.ndarray, settings: dict[str, Any]) -> Source:
    """Windows of a text, whose targets are the tokens that follow."""
    T, room, held_T = settings["contextLength"], len(training) - 1, min(settings["contextLength"], len(validation) - 1)
    size = max(1, (room - (T - 1)) // T)

    @lru_cache(maxsize=1)
    def offset_of(epoch: int) -> int:
        return Random(settings["seed"], f"offset of epoch {epoch}").below(room - size * T + 1)

    def window(ids: np.ndarray, begin: int, length: int) -> Sample:
        return ids[begin : begin + length], ids[begin + 1 : begin + 1 + length]

    return Source(
        settings, T, size, lambda epoch, index: window(training, offset_of(epoch) + index * T, T),
        (len(validation) - 1) // held_T, lambda index: window(validation, index * held_T, held_T),
    )  # fmt: skip


def masked_source(training: np.ndarray, validation: np.ndarray, settings: dict[str, Any], folder: Path) -> Source:
    """Sequences of which some tokens are masked, anew in each epoch."""
    special = {token["content"]: token["id"] for token in read_json(folder / "tokenizer.json")["added_tokens"]}
    vocab_size, end = read_json(folder / "config.json")["vocab_size"], special["</s>"]
    rate, is_fairseq = settings.get("maskRate", 0.15), settings.get("maskRule") == "fairseq"
    lowest = 4 if is_fairseq else 0  # of the ids that replace a token at random

    def cut(ids: np.ndarray) -> list[np.ndarray]:
        """Sequences of at most the context length: of each line by itself, or of all texts one after the other."""
        texts = np.split(ids, np.flatnonzero(ids == end) + 1)
        texts = [text if text[-1] == end else np.append(text, end) for text in texts if len(text) > 0]
        texts = [text for text in texts if len(text) > 1]
        room = settings["contextLength"] - 1
        return [
            np.concatenate([[special["<s>"]], stream[at : at + room]])
            for stream in (texts if settings.get("lines") else [np.concatenate(texts)])
            for at in range(0, len(stream), room)
        ]

    def mask(ids: np.ndarray, stream: str) -> Sample:
        """Masks a sequence by the rule of the run, see data/masking.ts."""
        random, inputs, targets = Random(settings["seed"], stream), ids.copy(), np.full(len(ids), IGNORED)
        if is_fairseq:
            count, left = min(len(ids), floor(rate * len(ids) + random.uniforms(1)[0])), list(range(len(ids)))
            chosen = sorted(left.pop(random.below(len(left))) for _ in range(count))
        else:
            ordinary = np.flatnonzero(~np.isin(ids, list(special.values())))
            chosen = ordinary[random.uniforms(len(ordinary)) < rate].tolist()
        targets[chosen] = ids[chosen]
        for position in chosen:
            if (draw := random.uniforms(1)[0]) < 0.8:
                inputs[position] = special["<mask>"]
            elif draw < 0.9:
                inputs[position] = lowest + random.below(vocab_size - lowest)
        return inputs, targets

    sequences, held = cut(training), cut(validation)
    return Source(
        settings, max(map(len, sequences + held)), len(sequences),
        lambda epoch, index: mask(sequences[index], f"mask of sequence {index} in epoch {epoch}"),
        len(held), lambda index: mask(held[index], f"validation mask of sequence {index}"), padding=1,
    )  # fmt: skip


def open_source(run: Path, state: dict[str, Any]) -> Source:
    """The batches of a run, from the ids in its folder."""
    texts = [read_ids(run / f"{part}.ids", state.get("tokenizerFingerprint")) for part in ("training", "validation")]
    if state["settings"]["architecture"] == "roberta":
        return masked_source(*texts, state["settings"], run / "last")
    return causal_source(*texts, state["settings"])


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_ids(path: Path, tokenizer: str | None) -> np.ndarray:
    """The ids in a token file, see tokenizers/token_file.ts, left on the disk; another tokenizer's are refused."""
    content = np.memmap(path, np.uint8, "r") if path.stat().st_size > 0 else np.zeros(0, np.uint8)
    magic, maker, _, _, sizes = struct.unpack("<8sQQQQ", content[:40].tobytes().ljust(40))
    count, width = sizes & (1 << 48) - 1, sizes >> 48
    if magic != b"MFTOKENS" or width not in (2, 4) or len(content) != 40 + count * width:
        raise SystemExit(f"Cannot read {path}: it is damaged; remove it, and export the run again")
    if tokenizer not in (None, f"{maker:016x}"):
        raise SystemExit(f"Cannot use {path}: another tokenizer made it; remove it, and export the run again")
    return np.asarray(content[40:]).view(f"<u{width}")
