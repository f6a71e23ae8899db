"""What search asks of the two indexes, whichever engine keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.types import Filter


class VectorIndex(Protocol):
    """Finds the sentences whose vectors are nearest to a question's."""

    def search(
        self, query: NDArray[np.float32], k: int, within: Filter | None = None, article: int = 0
    ) -> list[tuple[int, float]]:
        """Up to ``k`` (sentence id, cosine -1..1), best first, of the articles that ``within`` lets through.

        ``query``: float32 ``(dimension,)``, of length 1. With ``article``, only the sentences of that one count; none
        if ``within`` does not let it through. Large indexes are approximate: few of the nearest sentences are left out,
        and a cosine is off by up to 0.02.
        """
        ...

    def load(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Makes the index ready; ``progress`` gets the rows done and the rows in all if that takes long."""
        ...


class Keywords(Protocol):
    """Finds passages by their terms, and knows which terms there are.

    Terms come from ``terms.keyword_terms`` and ``compounds.part_terms``, and are taken literally, whatever characters
    they contain.
    """

    def load(self, *, thorough: bool = False) -> None:
        """Checks the index, in a large collection thoroughly only if asked to, and repairs it if need be."""
        ...

    def search(
        self, terms: Sequence[str], k: int, within: Filter | None = None, article: int = 0
    ) -> list[tuple[int, float]]:
        """The ``k`` passages that hold any of the terms and fit best: passage id and BM25 score (> 0), best first.

        Only articles count that ``within`` lets through; a term's weight is that in all of them.
        """
        ...

    def with_phrases(
        self, phrases: Sequence[Sequence[str]], terms: Sequence[str], k: int, within: Filter | None = None
    ) -> list[tuple[int, float]]:
        """Like ``search``, but only passages in which the terms of each phrase stand as words one after the other."""
        ...

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many passages each of the terms stands, as a word or as a part of one; others are left out."""
        ...

    def highest_passage(self) -> int:
        """The highest id of a passage: there are as many of them at most."""
        ...

    def terms_from(self, prefix: str, limit: int) -> dict[str, int]:
        """Up to ``limit`` terms that begin with ``prefix``, each with the number of its passages."""
        ...

    def texts_with(self, term: str, limit: int) -> list[str]:
        """The texts of up to ``limit`` passages that hold a term as a word, the oldest first."""
        ...
