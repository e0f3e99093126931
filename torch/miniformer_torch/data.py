"""The batches of a run: the same windows, masks and order as data/batches.ts and data/masked_batches.ts make."""

import json
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Any

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
    """What the sources of both objectives share; `sample` and `validation` are theirs."""

    T: int
    size: int  # samples in an epoch
    padding = 0

    def __init__(self, settings: dict[str, Any]):
        self.batch_size, self.seed = settings["batchSize"], settings["seed"]
        self._order: tuple[int, list[int]] = (-1, [])

    def draw(self, number: int) -> tuple[int, int]:
        """The epoch and the index of the sample that is drawn so many samples after the first."""
        epoch = number // self.size
        if epoch != self._order[0]:
            self._order = (epoch, permutation(self.size, self.seed, epoch))
        return epoch, self._order[1][number % self.size]

    def sample(self, epoch: int, index: int) -> Sample:
        """A sample of an epoch."""
        raise NotImplementedError

    def rows(self, number: int, first: int, last: int) -> Rows:
        """Rows of a batch, up to the last exclusively."""
        numbers = range(number * self.batch_size + first, number * self.batch_size + last)
        return self.pack([self.sample(*self.draw(n)) for n in numbers], number, first)

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
        self.offsets, self._offset = room - self.size * self.T + 1, (-1, 0)

    def sample(self, epoch: int, index: int) -> Sample:
        if epoch != self._offset[0]:
            self._offset = (epoch, Random(self.seed, f"offset of epoch {epoch}").below(self.offsets))
        begin = self._offset[1] + index * self.T
        return self.ids[begin : begin + self.T], self.ids[begin + 1 : begin + 1 + self.T]

    def validation(self, limit: int) -> list[Sample]:
        """Windows of the validation text, spread evenly over it."""
        ids, length = self.held_out, min(self.T, len(self.held_out) - 1)
        available = (len(ids) - 1) // length
        count = min(available, limit)
        begins = [window * available // count * length for window in range(count)]
        return [(ids[begin : begin + length], ids[begin + 1 : begin + 1 + length]) for begin in begins]


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
        self.size = len(self.sequences)
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

    def validation(self, limit: int) -> list[Sample]:
        """Sequences of the validation text, spread evenly over it, always with the same masks."""
        count = min(len(self.held_out), limit)
        indices = [row * len(self.held_out) // count for row in range(count)]
        draws = [Random(self.seed, f"validation mask of sequence {index}") for index in indices]
        return [self.masked(self.held_out[index], random) for index, random in zip(indices, draws)]


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


MAGIC = b"MFTOKENS"


def read_ids(path: Path, tokenizer: str | None) -> np.ndarray:
    """The ids in a token file, see tokenizers/token_file.ts; those of another tokenizer are refused."""
    if not path.is_file():
        raise SystemExit(f"Cannot read {path}: it is missing; deno task train --export-torch {path.parent} makes it")
    content = path.read_bytes()
    width = int.from_bytes(content[38:40], "little")
    if content[:8] != MAGIC or width not in (2, 4) or f"{fnv1a(content[40:]):016x}" != digits(content, 24):
        raise SystemExit(f"Cannot read {path}: it is damaged; remove it, and export the run again")
    if tokenizer not in (None, digits(content, 8)):
        raise SystemExit(f"Cannot use {path}: another tokenizer made it; remove it, and export the run again")
    return np.frombuffer(content[40:], f"<u{width}").astype(np.int64)


def digits(content: bytes, at: int) -> str:
    """A fingerprint in the header of a token file."""
    return f"{int.from_bytes(content[at : at + 8], 'little'):016x}"


def ids_file(ids: np.ndarray, tokenizer: int, text: int) -> bytes:
    """The content of a token file."""
    width = 2 if ids.max(initial=0) < 2**16 else 4
    body = ids.astype(f"<u{width}").tobytes()
    numbers = [(tokenizer, 8), (text, 8), (fnv1a(body), 8), (len(ids), 6), (width, 2)]
    return MAGIC + b"".join(value.to_bytes(size, "little") for value, size in numbers) + body
