"""The batches of a run: the same windows, masks and order as data/batches.ts and data/masked_batches.ts make."""

import json
import struct
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor
from pathlib import Path
from typing import Any, Callable

import numpy as np

from .philox import Random, fnv1a, permutation

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
    number: int = 0  # of the batch in the run, and of its first row here: dropout depends on both
    first: int = 0

    @property
    def count(self) -> int:
        """Targets that are no part of the padding: what a mean loss is divided by."""
        return int((self.targets != IGNORED).sum())


class Source:
    """What the sources of both objectives share; `sample` and `held` are theirs."""

    T: int
    size: int  # samples in an epoch
    held_size: int  # samples of the validation text
    sample: Callable[[int, int], Sample]  # of an epoch, by its index
    held: Callable[[int], Sample]  # of the validation text, by its index: the same each time
    padding = 0

    def __init__(self, settings: dict[str, Any]):
        self.batch_size, self.seed = settings["batchSize"], settings["seed"]

    def rows(self, number: int, first: int, last: int) -> Rows:
        """Rows of a batch, up to the last exclusively."""
        numbers = range(number * self.batch_size + first, number * self.batch_size + last)
        drawn = [divmod(drawn, self.size) for drawn in numbers]  # epoch, and place in its order
        samples = [self.sample(epoch, permutation(self.size, self.seed, epoch)[place]) for epoch, place in drawn]
        return self.pack(samples, number, first)

    def validation(self, limit: int) -> list[Sample]:
        """Samples of the validation text, spread evenly over it."""
        count = min(self.held_size, limit)
        return [self.held(row * self.held_size // count) for row in range(count)]

    def pack(self, samples: list[Sample], number: int = 0, first: int = 0) -> Rows:
        """Pads samples to one length."""
        inputs = np.full((len(samples), self.T), self.padding, np.int64)
        targets = np.full((len(samples), self.T), IGNORED, np.int64)
        for row, (ids, wanted) in enumerate(samples):
            inputs[row, : len(ids)], targets[row, : len(ids)] = ids, wanted
        return Rows(inputs, targets, np.array([len(ids) for ids, _ in samples]), number, first)


class CausalSource(Source):
    """Windows of a text, whose targets are the tokens that follow."""

    def __init__(self, training: np.ndarray, validation: np.ndarray, settings: dict[str, Any]):
        super().__init__(settings)
        self.T, self.ids, self.held_out = settings["contextLength"], training, validation
        room = len(training) - 1
        self.size = max(1, (room - (self.T - 1)) // self.T)
        self.offsets = room - self.size * self.T + 1
        self.held_length = min(self.T, len(validation) - 1)
        self.held_size = (len(validation) - 1) // self.held_length

    def sample(self, epoch: int, index: int) -> Sample:
        return window(self.ids, offset_of(epoch, self.seed, self.offsets) + index * self.T, self.T)

    def held(self, index: int) -> Sample:
        return window(self.held_out, index * self.held_length, self.held_length)


@lru_cache(maxsize=1)
def offset_of(epoch: int, seed: int, offsets: int) -> int:
    """Where the windows of an epoch begin."""
    return Random(seed, f"offset of epoch {epoch}").below(offsets)


def window(ids: np.ndarray, begin: int, length: int) -> Sample:
    """Tokens of a text, and those that follow them."""
    return ids[begin : begin + length], ids[begin + 1 : begin + 1 + length]


class MaskedSource(Source):
    """Sequences of which some tokens are masked, anew in each epoch."""

    padding = 1

    def __init__(self, training: np.ndarray, validation: np.ndarray, settings: dict[str, Any], folder: Path):
        super().__init__(settings)
        added = {token["content"]: token["id"] for token in read_json(folder / "tokenizer.json")["added_tokens"]}
        self.begin_id, self.end_id, self.mask_id = added["<s>"], added["</s>"], added["<mask>"]
        self.special, self.settings = list(added.values()), settings
        self.vocab_size: int = read_json(folder / "config.json")["vocab_size"]
        self.sequences, self.held_out = self.cut(training), self.cut(validation)
        self.size, self.held_size = len(self.sequences), len(self.held_out)
        self.T = max(len(ids) for ids in self.sequences + self.held_out)

    def cut(self, ids: np.ndarray) -> list[np.ndarray]:
        """Sequences of at most the context length: each line by itself, or all texts packed full."""
        room, end = self.settings["contextLength"] - 1, np.array([self.end_id])
        texts = np.split(ids, np.flatnonzero(ids == self.end_id) + 1)
        texts = [text if text[-1] == self.end_id else np.append(text, end) for text in texts if len(text) > 0]
        texts = [text for text in texts if len(text) > 1]
        streams = texts if self.settings.get("lines") else [np.concatenate(texts)]
        return [
            np.concatenate([[self.begin_id], stream[at : at + room]])
            for stream in streams for at in range(0, len(stream), room)
        ]  # fmt: skip

    def masked(self, ids: np.ndarray, random: Random) -> Sample:
        """Masks a sequence by the rule of the run, see data/masking.ts."""
        rate, lowest = self.settings.get("maskRate", 0.15), 4 if self.settings.get("maskRule") == "fairseq" else 0
        if lowest:
            count, left = min(len(ids), floor(rate * len(ids) + random.uniforms(1)[0])), list(range(len(ids)))
            chosen = sorted(left.pop(random.below(len(left))) for _ in range(count))
        else:
            ordinary = np.flatnonzero(~np.isin(ids, self.special))
            chosen = ordinary[random.uniforms(len(ordinary)) < rate].tolist()
        inputs, targets = ids.copy(), np.full(len(ids), IGNORED)
        targets[chosen] = ids[chosen]
        for position in chosen:
            if (draw := random.uniforms(1)[0]) < 0.8:
                inputs[position] = self.mask_id
            elif draw < 0.9:
                inputs[position] = lowest + random.below(self.vocab_size - lowest)
        return inputs, targets

    def sample(self, epoch: int, index: int) -> Sample:
        return self.masked(self.sequences[index], Random(self.seed, f"mask of sequence {index} in epoch {epoch}"))

    def held(self, index: int) -> Sample:
        return self.masked(self.held_out[index], Random(self.seed, f"validation mask of sequence {index}"))


def open_source(run: Path, state: dict[str, Any]) -> CausalSource | MaskedSource:
    """The batches of a run, from the ids in its folder."""
    known = state.get("tokenizerFingerprint")
    texts = [read_ids(run / f"{part}.ids", known) for part in ("training", "validation")]
    settings = state["settings"]
    if settings["architecture"] == "roberta":
        return MaskedSource(*texts, settings, run / "last")
    return CausalSource(*texts, settings)


def validation_limit(settings: dict[str, Any]) -> int:
    """Samples of a validation during training: 20 batches and 16,384 tokens at least."""
    return max(20 * settings["batchSize"], ceil(16_384 / settings["contextLength"]))


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


MAGIC, HEADER = b"MFTOKENS", struct.Struct("<8sQQQQ")
"""How a token file begins: MAGIC; fingerprints of tokenizer, text, ids; how many ids, plus 2^48 times their bytes."""


def read_ids(path: Path, tokenizer: str | None) -> np.ndarray:
    """The ids in a token file, see tokenizers/token_file.ts, left on the disk; another tokenizer's are refused."""
    if not path.is_file():
        raise SystemExit(f"Cannot read {path}: it is missing; deno task train --export-torch {path.parent} makes it")
    is_long = path.stat().st_size >= HEADER.size
    content = np.asarray(np.memmap(path, np.uint8, "r") if is_long else np.zeros(HEADER.size, np.uint8))
    magic, maker, _, checksum, sizes = HEADER.unpack(content[: HEADER.size])
    body, width = content[HEADER.size :], sizes >> 48
    if magic != MAGIC or width not in (2, 4) or fnv1a(body.data) != checksum:
        raise SystemExit(f"Cannot read {path}: it is damaged; remove it, and export the run again")
    if tokenizer not in (None, f"{maker:016x}"):
        raise SystemExit(f"Cannot use {path}: another tokenizer made it; remove it, and export the run again")
    return body.view(f"<u{width}")


def ids_file(ids: np.ndarray, tokenizer: int, text: int) -> bytes:
    """The content of a token file."""
    width = 2 if ids.max(initial=0) < 2**16 else 4
    body = ids.astype(f"<u{width}").tobytes()
    return HEADER.pack(MAGIC, tokenizer, text, fnv1a(body), len(ids) + (width << 48)) + body
