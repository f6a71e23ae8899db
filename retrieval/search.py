"""Search: dense and keyword results become one list of passages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.german import keyword_terms, question_language
from retrieval.keywords import KeywordIndex
from retrieval.store import Store
from retrieval.types import Hit, Passage
from retrieval.vectors import VectorIndex

if TYPE_CHECKING:
    from retrieval.embedding import Embedder

#: How many sentences and passages each side proposes before they are scored together.
SENTENCE_CANDIDATES = 120
PASSAGE_CANDIDATES = 40
#: Passages that share this much of their words are one and the same to a person (Jaccard, 0..1).
NEAR_EQUAL = 0.85


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each side counts in the fused score.

    ``best`` weighs the cosine of the passage's best sentence, ``mean`` that of the mean of its sentences,
    ``keyword`` the BM25 score as a share of the question's best one, and ``article`` the same three over the whole
    article, by its best passage: a question often names what only another paragraph says.
    """

    best: float
    mean: float
    keyword: float
    article: float = 0.0


#: By the question's language: an English question shares little more than names with German text.
WEIGHTS = {"de": Weights(best=1.0, mean=1.0, keyword=0.6), "en": Weights(best=1.0, mean=1.0, keyword=0.15)}


class Search:
    """Finds the passages that may answer a question."""

    def __init__(self, store: Store, embedder: Embedder, vectors: VectorIndex, keywords: KeywordIndex) -> None:
        self._store = store
        self._embedder = embedder
        self._vectors = vectors
        self._keywords = keywords

    def load(self) -> None:
        """Loads the embedder, so that the first question does not wait for it."""
        self._embedder.load()

    def search(self, question: str, *, limit: int = 5) -> list[Hit]:
        """Up to ``limit`` hits, best first; near-equal passages only once.

        Raises:
            ModelError: the embedder cannot be loaded.
            StoreError: the database cannot be read.
        """
        if not self._store.article_count():
            return []
        query = self._embedder.embed_questions([question])[0]
        found = dict(self._keywords.search(keyword_terms(question), PASSAGE_CANDIDATES))
        nearest = self._vectors.search(query, SENTENCE_CANDIDATES)
        neighbours = self._store.passages_of_sentences(sentence for sentence, _ in nearest)
        candidates = sorted({*found, *(passage for passages in neighbours.values() for passage in passages)})
        if not candidates:
            return []
        passages = self._store.passages(candidates)
        vectors = self._store.sentence_vectors(candidates)
        candidates = [row for row in candidates if row in passages and row in vectors]
        best, mean = _cosines(query, [vectors[row] for row in candidates])
        keyword = np.array([found.get(row, 0.0) for row in candidates], np.float32)
        score = _fuse(best, mean, keyword, WEIGHTS[question_language(question)])
        articles = [passages[row].document_id for row in candidates]
        score = _with_article(score, articles, WEIGHTS[question_language(question)].article)
        order = np.argsort(-score, kind="stable")
        chosen = _distinct(((int(i), passages[candidates[i]]) for i in order), limit)
        documents = {document.id: document for document in self._store.documents({articles[i] for i in chosen})}
        return [
            Hit(
                passage=passages[candidates[i]],
                document=documents[articles[i]],
                score=float(score[i]),
                dense=float(best[i]),
                keyword=float(keyword[i]),
            )
            for i in chosen
            if articles[i] in documents
        ]


def _cosines(
    query: NDArray[np.float32], vectors: Sequence[NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each passage the cosine of its best sentence, and that of the mean of its sentences; each (n,)."""
    best = np.array([(rows @ query).max() for rows in vectors], np.float32)
    means = np.stack([rows.mean(axis=0) for rows in vectors])
    lengths = np.linalg.norm(means, axis=1)
    return best, (means @ query / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _fuse(
    best: NDArray[np.float32], mean: NDArray[np.float32], keyword: NDArray[np.float32], weights: Weights
) -> NDArray[np.float32]:
    """The fused score, (n,)."""
    top = float(keyword.max(initial=0.0))
    share = keyword / top if top > 0 else keyword
    fused: NDArray[np.float32] = weights.best * best + weights.mean * mean + weights.keyword * share
    return fused


def _with_article(score: NDArray[np.float32], articles: Sequence[int], weight: float) -> NDArray[np.float32]:
    """Each passage's score plus ``weight`` times that of its article's best passage."""
    if not weight:
        return score
    best: dict[int, float] = {}
    for article, value in zip(articles, score.tolist(), strict=True):
        best[article] = max(value, best.get(article, value))
    return score + weight * np.array([best[article] for article in articles], np.float32)


def _distinct(ranked: Iterable[tuple[int, Passage]], limit: int) -> list[int]:
    """The first ``limit`` positions whose passages say different things."""
    chosen: list[int] = []
    seen: list[frozenset[str]] = []
    for position, passage in ranked:
        words = frozenset(keyword_terms(passage.text)) or frozenset((passage.text,))
        if any(len(words & other) >= NEAR_EQUAL * len(words | other) for other in seen):
            continue
        chosen.append(position)
        seen.append(words)
        if len(chosen) == limit:
            break
    return chosen
