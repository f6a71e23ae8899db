"""Search: dense and keyword results become one list of passages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.language.compounds import all_terms
from retrieval.language.terms import keyword_terms
from retrieval.search.exact_words import holds_all, literal
from retrieval.search.indexes import Keywords, VectorIndex
from retrieval.search.spelling import Spelling
from retrieval.store.store import Store
from retrieval.types import Document, Filter, Hit, Passage

if TYPE_CHECKING:
    from retrieval.inference.embedder import Embedder

#: How many sentences and passages each side proposes before they are scored together.
SENTENCE_CANDIDATES = 120
PASSAGE_CANDIDATES = 40
#: And how many passages with the very words that a question asks for in quotation marks.
EXACT_CANDIDATES = 400
#: How many sentences of a favoured article are candidates anyway, and what its passages get on top of their score.
FAVOURED_SENTENCES = 20
FAVOUR = 0.6
#: Passages that share this much of their words are one and the same to a person (Jaccard, 0..1).
NEAR_EQUAL = 0.85

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each side counts in the fused score, beside 1 for the cosine of the passage's best sentence.

    ``keyword`` weighs the BM25 score as a share of the question's best one. ``article`` weighs the score of the
    article's best passage, which helps its others: a question often names what only another paragraph says.
    ``training/tune_search.py`` measures them.
    """

    keyword: float = 0.15
    article: float = 1.0


class Search:
    """Finds the passages that may answer a question."""

    def __init__(self, store: Store, embedder: Embedder, vectors: VectorIndex, keywords: Keywords) -> None:
        self._store = store
        self._embedder = embedder
        self._vectors = vectors
        self._keywords = keywords
        self._spelling = Spelling(keywords)
        self._last: tuple[str, NDArray[np.float32]] | None = None

    def load(self) -> None:
        """Loads the embedder and both indexes, so that the first question waits for nothing.

        The indexes are checked and repaired, and not only when a question runs into the damage: a damaged keyword
        index may also just find less.

        Raises:
            ModelError: the embedder cannot be loaded.
            StoreError: the database cannot be read.
        """
        self._embedder.load()
        self._keywords.load()
        # The vector index is read with the first search, and a model's first text takes longer than the others.
        self.candidates(self.restored("Fundstelle"))

    def reading(self, work: Callable[[], _T]) -> _T:
        """Does ``work``, which is all that a question searches; see ``Store.reading``."""
        return self._store.reading(work)

    def restored(self, question: str) -> str:
        """``question`` as the articles would spell it, see ``Spelling``: what embedder and reader are asked."""
        return self._spelling.restored(question)

    def search(
        self,
        question: str,
        *,
        limit: int = 5,
        within: Filter | None = None,
        favoured: int | None = None,
        exact: Sequence[str] = (),
    ) -> list[Hit]:
        """Up to ``limit`` hits, best first; near-equal passages only once.

        ``within`` says which articles count. One counts as well if a copy of it does. ``favoured`` is the id of an
        article whose passages are preferred, for a question that goes on from an answer of it. Only passages count in
        which all of the ``exact`` words stand literally.

        Raises:
            ModelError: the embedder cannot be loaded.
            StoreError: the database cannot be read.
        """
        candidates = self.candidates(question, within, favoured, exact)
        if not candidates.passages:
            return []
        score = fuse(candidates)
        if favoured is not None:
            score += FAVOUR * np.array([passage.document_id == favoured for passage in candidates.passages], np.float32)
        return self._hits(candidates, score, _distinct(score, candidates.passages, limit))

    def search_each_article(
        self,
        question: str,
        *,
        limit: int = 40,
        each: int = 2,
        best: int = 5,
        within: Filter | None = None,
        exact: Sequence[str] = (),
    ) -> list[Hit]:
        """The ``best`` hits of ``search``, then up to ``each`` in every one of the ``limit`` best articles, best first.

        Nearly the same words in two articles are two hits: reports on one thing may differ in a number alone. The rest
        is as for ``search``.
        """
        candidates = self.candidates(question, within, exact=exact)
        if not candidates.passages:
            return []
        score = fuse(candidates)
        first = _distinct(score, candidates.passages, best)
        every = _of_each_article(score, candidates.passages, limit, each)
        return self._hits(candidates, score, list(dict.fromkeys((*first, *every))))

    def search_article(
        self, question: str, document_id: int, *, limit: int = 5, exact: Sequence[str] = ()
    ) -> tuple[list[Hit], float]:
        """Up to ``limit`` hits in one article, best first, and the score of the best passage of all articles.

        The rest is as for ``search``. Without a hit that score is 0.
        """
        candidates = self.candidates(question, favoured=document_id, exact=exact)
        if not candidates.passages:
            return [], 0.0
        score = fuse(candidates)
        own = [i for i, passage in enumerate(candidates.passages) if passage.document_id == document_id]
        chosen = _distinct(score[own], [candidates.passages[i] for i in own], limit)
        return self._hits(candidates, score, [own[i] for i in chosen]), float(score.max())

    def _hits(self, candidates: Candidates, score: NDArray[np.float32], chosen: Sequence[int]) -> list[Hit]:
        """The candidates at the positions ``chosen``, with their articles."""
        articles = {candidates.passages[i].document_id for i in chosen}
        with self._store.snapshot():
            documents = {document.id: document for document in self._store.documents(articles)}
            copies = self._store.copies(articles)
        return [
            Hit(
                passage=passage,
                document=documents[passage.document_id],
                score=float(score[i]),
                dense=float(candidates.best[i]),
                keyword=float(candidates.keyword[i]),
                copies=copies.get(passage.document_id, ()),
            )
            for i, passage in ((i, candidates.passages[i]) for i in chosen)
            # Another process may have removed or corrected the article since.
            if passage.document_id in documents
            and documents[passage.document_id].text[passage.start : passage.end] == passage.text
        ]

    def document(self, document_id: int) -> Document | None:
        """The article with this number; None if it is gone."""
        return next(iter(self._store.documents([document_id])), None)

    def sentences_around(self, passage: Passage) -> list[tuple[int, int]]:
        """Where the sentences of a passage and the one before and after it stand in their article."""
        return self._store.sentence_places(passage.document_id, passage.first_sentence - 1, passage.last_sentence + 1)

    def stands(self, words: str, within: Filter | None = None) -> bool:
        """Whether a passage holds these words literally."""
        return bool(self.candidates(words, within, exact=(words,)).passages)

    def candidates(
        self, question: str, within: Filter | None = None, favoured: int | None = None, exact: Sequence[str] = ()
    ) -> Candidates:
        """What either side proposes, with the scores of both, and the nearest of the ``favoured`` article."""
        with self._store.explaining_damage():
            return self._candidates(question, within, favoured, exact)

    def _candidates(
        self, question: str, within: Filter | None, favoured: int | None, exact: Sequence[str]
    ) -> Candidates:
        if (within and not self._store.lets_through(within)) or not self._store.has_sentences():
            return Candidates.none()
        query = self._vector(question)
        terms = question_terms(question)
        found = dict(self._keywords.search(terms, PASSAGE_CANDIDATES, within))
        if exact:
            phrases = [keyword_terms(words) for words in exact]
            found |= self._keywords.with_phrases(phrases, terms, EXACT_CANDIDATES, within)
        nearest = self._vectors.search(query, SENTENCE_CANDIDATES, within)
        if favoured:
            nearest += self._vectors.search(query, FAVOURED_SENTENCES, within, favoured)
        neighbours = self._store.passages_of_sentences(sentence for sentence, _ in nearest)
        proposed = sorted({*found, *(passage for passages in neighbours.values() for passage in passages)})
        passages = self._store.passages(proposed)
        if exact:
            patterns = [literal(words) for words in exact]
            passages = {row: passage for row, passage in passages.items() if holds_all(passage.text, patterns)}
        vectors = self._store.sentence_vectors(proposed)
        # Another process may have taken an article out since.
        rows = [row for row in proposed if row in passages and row in vectors]
        if not rows:
            return Candidates.none()
        best = np.array([(vectors[row] @ query).max() for row in rows], np.float32)
        keyword = np.array([found.get(row, 0.0) for row in rows], np.float32)
        return Candidates([passages[row] for row in rows], best, keyword)

    def _vector(self, question: str) -> NDArray[np.float32]:
        """The question's vector; the last one is kept, for a question that is asked of one article after the other."""
        if self._last is None or self._last[0] != question:
            self._last = question, self._embedder.embed_questions([question])[0]
        return self._last[1]


def question_terms(question: str) -> list[str]:
    """The keyword terms that a question is searched with: its words and the parts of its compounds."""
    terms = all_terms(question)
    return [*terms.words, *terms.parts]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages with their scores, each (n,): ``best`` cosine of a sentence (-1..1), ``keyword`` BM25 (0 and up)."""

    passages: list[Passage]
    best: NDArray[np.float32]
    keyword: NDArray[np.float32]

    @classmethod
    def none(cls) -> Candidates:
        """Nothing was found."""
        empty = np.zeros(0, np.float32)
        return cls([], empty, empty)


def fuse(candidates: Candidates, weights: Weights = Weights()) -> NDArray[np.float32]:
    """The fused score of each candidate, (n,)."""
    top = float(candidates.keyword.max(initial=0.0))
    score: NDArray[np.float32] = candidates.best
    if top > 0:
        score = score + weights.keyword * candidates.keyword / top
    _, article = np.unique([passage.document_id for passage in candidates.passages], return_inverse=True)
    of_article = np.full(int(article.max()) + 1, -np.inf, np.float32)
    np.maximum.at(of_article, article, score)
    return score + weights.article * of_article[article]


def _distinct(score: NDArray[np.float32], passages: Sequence[Passage], limit: int) -> list[int]:
    """The positions of the ``limit`` best passages that say different things, best first."""
    chosen: list[int] = []
    seen: list[frozenset[str]] = []
    for position in np.argsort(-score, kind="stable").tolist():
        text = passages[position].text
        words = frozenset(keyword_terms(text)) or frozenset((text,))
        if any(len(words & other) >= NEAR_EQUAL * len(words | other) for other in seen):
            continue
        chosen.append(position)
        seen.append(words)
        if len(chosen) == limit:
            break
    return chosen


def _of_each_article(score: NDArray[np.float32], passages: Sequence[Passage], limit: int, each: int) -> list[int]:
    """The positions of the ``each`` best passages of the ``limit`` best articles, best first."""
    of_article: dict[int, list[int]] = {}
    for position in np.argsort(-score, kind="stable").tolist():
        article = passages[position].document_id
        if article in of_article or len(of_article) < limit:
            of_article.setdefault(article, []).append(position)
    chosen = (position for positions in of_article.values() for position in positions[:each])
    return sorted(chosen, key=lambda position: -float(score[position]))
