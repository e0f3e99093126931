"""Philox4x32-10, and sequences drawn from it. It has no state: a draw is a function of the seed and what it is for."""

from functools import lru_cache

import numpy as np

MASK = 0xFFFFFFFF


def philox(key, counter):
    """Four words of 32 bits for a key of two and a counter of four.

    Each is an integer or an array of them, of NumPy or PyTorch, in int64: a product of 64 bits wraps around there, and
    its halves are still right after the shift and the mask.
    """
    (k0, k1), (x0, x1, x2, x3) = key, counter
    for _ in range(10):
        p0, p1 = x0 * 0xD2511F53, x2 * 0xCD9E8D57
        x0, x1, x2, x3 = (p1 >> 32 & MASK) ^ x1 ^ k0, p1 & MASK, (p0 >> 32 & MASK) ^ x3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return x0, x1, x2, x3


def seed_words(seed: int) -> tuple[int, int]:
    """The key of a seed: its lower and its upper 32 bits."""
    return seed & MASK, seed >> 32 & MASK


def fnv1a(content: bytes) -> int:
    """The 64-bit FNV-1a hash, by which streams, texts and tokenizers are named."""
    value = 0xCBF29CE484222325
    for byte in content:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


class Random:
    """A sequence of random numbers: that of the class of this name in core/random.ts."""

    def __init__(self, seed: int, stream: str):
        self._key, self._name = seed_words(seed), seed_words(fnv1a(stream.encode()))
        self._words, self._position = np.empty(0, np.int64), 0

    def words(self, count: int) -> np.ndarray:
        """The next words, from 0 to 2^32 - 1."""
        begin, self._position = self._position, self._position + count
        if self._position > len(self._words):
            done, blocks = len(self._words) // 4, max(self._position, 2 * len(self._words), 64) // 4 + 1
            index = np.arange(done, blocks, dtype=np.int64)
            drawn = philox(self._key, (index & MASK, index >> 32, *self._name))
            self._words = np.concatenate([self._words, np.stack(drawn, 1).reshape(-1)])
        return self._words[begin : self._position]

    def uniforms(self, count: int) -> np.ndarray:
        """The next real numbers in [0, 1), each of two words."""
        high, low = self.words(2 * count).reshape(-1, 2).T
        return ((high >> 5) * 2.0**26 + (low >> 6)) / 2.0**53

    def below(self, bound: int) -> int:
        """The next integer below a bound, without bias: words of the incomplete last group are drawn again."""
        limit = 2**32 - 2**32 % bound
        while (word := int(self.words(1)[0])) >= limit:
            pass
        return word % bound


@lru_cache(maxsize=1)
def permutation(length: int, seed: int, epoch: int) -> list[int]:
    """The order of the samples of an epoch (Fisher and Yates)."""
    random, order = Random(seed, f"permutation of epoch {epoch}"), list(range(length))
    for i in range(length - 1, 0, -1):
        j = random.below(i + 1)
        order[i], order[j] = order[j], order[i]
    return order
