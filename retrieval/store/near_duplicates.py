"""Tells copies: texts that share their word 5-grams and their numbers. MinHash bands find the candidates.

MinHash and its bands follow Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.store.sql import Connection

#: The least Jaccard similarity (0 to 1) between the word 5-grams of two copies.
SIMILAR: Final = 0.8
#: The least Jaccard similarity between the numbers of two copies: the reports of two matches differ in little else.
SAME_NUMBERS: Final = 0.9
#: With these, two texts of the similarity ``SIMILAR`` share at least one band with a probability of 0.9999.
BANDS: Final = 24
ROWS: Final = 5
#: So many articles are compared word for word, those that share most bands.
CANDIDATES: Final = 20

_WIDTH: Final = 5
_BLOCK: Final = 4096  # shingles hashed at a time, to bound the memory that a long text takes
_WORD: Final = re.compile(r"\w+")
_NUMBER: Final = re.compile(r"\d+(?:[.,:]\d+)*")


def _constants(purpose: str, count: int) -> NDArray[np.uint64]:
    """Odd constants that never change: what is computed with them is kept in databases."""
    drawn = hashlib.shake_256(f"fundstelle {purpose}".encode()).digest(8 * count)
    return np.frombuffer(drawn, dtype="<u8").astype(np.uint64) | np.uint64(1)


_WORDS: Final = _constants("words", _WIDTH)
_FACTORS: Final = _constants("factors", BANDS * ROWS)[:, None]
_OFFSETS: Final = _constants("offsets", BANDS * ROWS)[:, None]
_FOLD: Final = _constants("bands", ROWS)


class _Recent:
    """What a function found for the last texts, by their digests: the texts may be long, and are not kept.

    It keeps up to ``most`` arrays, of ``budget`` bytes in all, and always the last one.
    """

    def __init__(self, find: Callable[[str], NDArray[np.uint64]], most: int = 128, budget: int = 16_000_000) -> None:
        self._find = find
        self._most = most
        self._budget = budget
        self._bytes = 0
        self._found: OrderedDict[bytes, NDArray[np.uint64]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, text: str) -> NDArray[np.uint64]:
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = self._find(text)
        with self._lock:
            if key not in self._found:
                self._found[key] = found
                self._bytes += found.nbytes
            while len(self._found) > self._most or (len(self._found) > 1 and self._bytes > self._budget):
                self._bytes -= self._found.popitem(last=False)[1].nbytes
        return found


def shingles(text: str) -> NDArray[np.uint64]:
    """The hashes of the different word 5-grams of ``text``, rising; fewer than five words give one."""
    return _recent_shingles(text)


def _shingles(text: str) -> NDArray[np.uint64]:
    words = _WORD.findall(text.casefold())
    hashes = np.array([zlib.crc32(word.encode("utf-8", "replace")) for word in words], dtype=np.uint64)
    hashes = np.pad(hashes, (0, max(0, _WIDTH - len(hashes))))
    count = len(hashes) - _WIDTH + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for position, factor in enumerate(_WORDS):
        part = hashes[position : position + count] * factor
        mixed = (mixed ^ (part >> np.uint64(29)) ^ part) * _WORDS[0]
    return np.unique(mixed ^ (mixed >> np.uint64(32)))


def bands(text: str) -> tuple[int, ...]:
    """``BANDS`` numbers of 63 bits. Similar texts have some of them in common, at the same places."""
    return tuple(int(value) for value in _recent_bands(text))


def _bands(text: str) -> NDArray[np.uint64]:
    hashes = shingles(text)
    signature = np.full((BANDS * ROWS, 1), np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(hashes), _BLOCK):
        # The high bits of a product are the well mixed ones.
        mixed = (hashes[start : start + _BLOCK] * _FACTORS + _OFFSETS) >> np.uint64(20)
        np.minimum(signature, mixed.min(axis=1, keepdims=True), out=signature)
    folded = (signature.reshape(BANDS, ROWS) * _FOLD).sum(axis=1, dtype=np.uint64)
    shortened: NDArray[np.uint64] = folded >> np.uint64(1)
    return shortened


_recent_shingles = _Recent(_shingles)
_recent_bands = _Recent(_bands)


def are_copies(one: str, other: str) -> bool:
    """Whether two texts say the same in nearly the same words and with the same numbers."""
    numbers, others = (set(_NUMBER.findall(text)) for text in (one, other))
    if len(numbers & others) < SAME_NUMBERS * len(numbers | others):
        return False
    first, second = shingles(one), shingles(other)
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared >= SIMILAR * (len(first) + len(second) - shared)


def store_bands(connection: Connection, document_id: int, text: str) -> None:
    """Keeps the bands of an article, so that later ones are compared with it."""
    connection.executemany(
        "INSERT INTO shingles VALUES (?, ?, ?)",
        [(band, value, document_id) for band, value in enumerate(bands(text))],
    )


def bands_parameter(text: str) -> str:
    """The bands of ``text`` as one SQL parameter, for ``json_each(?)``: its key is the band."""
    return json.dumps(bands(text))
