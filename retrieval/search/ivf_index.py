"""The large, compressed part of the vector index: an inverted file of 8-bit vectors, for what lies in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LISTS = 256
#: Lists that a search looks into: 9 ms of CPU for a million vectors. A cosine of an 8-bit vector is off by about 0.005,
#: which matters little: search scores the candidates anew with the store's vectors.
PROBED_LISTS = 96
#: Vectors for placing the lists' centres; more of them change nothing that can be measured.
TRAINING_ROWS = 64 * LISTS
_GROWTH = 4
_LEAST_ROWS_A_LIST = 39  # what FAISS asks for


class BaseIndex:
    """Approximate search by inner product over many vectors (``IndexIVFScalarQuantizer``), the ids being sentence ids.

    Chosen by measurement (``benchmarks/README.md``): a quarter of the memory of exact search, a tenth of its time, and
    more than 99 of 100 of its ten best hits are among the candidates.
    """

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def train(cls, sample: NDArray[np.float32]) -> BaseIndex:
        """An empty index for vectors like those of ``sample``, ``(n, dimension)``, n > 0."""
        import faiss

        dimension = sample.shape[1]
        lists = max(1, min(LISTS, len(sample) // _LEAST_ROWS_A_LIST))
        index: Any = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimension),
            dimension,
            lists,
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
        )
        index.cp.min_points_per_centroid = 1  # a tiny index is a test's
        index.train(sample)
        return cls(index)

    @classmethod
    def read(cls, path: Path, *, writable: bool = False) -> BaseIndex | None:
        """The index in a file that is whole; None if it is of another kind.

        The vectors stay in the file, which the operating system reads as they are needed and may drop from memory,
        unless the index is to be ``writable``.
        """
        import faiss

        try:
            index: Any = faiss.read_index(str(path), 0 if writable else faiss.IO_FLAG_MMAP)
        except RuntimeError:
            return None
        if not isinstance(index, faiss.IndexIVFScalarQuantizer):
            return None
        if not writable:
            # Threads that read lists ahead only cost time: the checksum has just read the whole file.
            downcast: Any = faiss.downcast_InvertedLists
            downcast(index.invlists).prefetch_nthread = 0
        return cls(index)

    def write(self, path: Path) -> None:
        """Writes the index. Raises RuntimeError or OSError where that cannot be done."""
        import faiss

        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._index.d)

    def ids(self) -> NDArray[np.int64]:
        """The ids of all vectors, ``(n,)``, in no order."""
        import faiss

        lists = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
            for number in range(lists.nlist)
            if (size := lists.list_size(number))
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Takes in vectors ``(n, dimension)`` with their ids ``(n,)``."""
        self._index.add_with_ids(vectors, ids)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Takes out the vectors with these ids."""
        self._index.remove_ids(ids)

    def search(
        self, query: NDArray[np.float32], k: int, selector: Any, share: float
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and ids of what the FAISS ``selector`` lets through, each ``(1, k)``, filled up with the id -1.

        ``share`` is how much of the index that is (0..1]: the fewer, the more lists are looked into.
        """
        import faiss

        parameters: Any = faiss.SearchParametersIVF  # whose constructor FAISS widens at run time
        probed = min(int(self._index.nlist), int(np.ceil(PROBED_LISTS / share)))
        scores, ids = self._index.search(query, k, params=parameters(sel=selector, nprobe=probed))
        return scores, ids


def is_outgrown(trained: int, rows: int) -> bool:
    """Whether an index that was trained for ``trained`` rows should be trained anew for so many ``rows``."""
    return trained < TRAINING_ROWS or rows > _GROWTH * trained
