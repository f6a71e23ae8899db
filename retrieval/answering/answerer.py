"""A question in, an answer out: search, read, decide."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from retrieval.answer import Answer, Span
from retrieval.answering.all_answers import AllAnswers, Finding, merge
from retrieval.answering.alternatives import Candidate, alternatives
from retrieval.answering.article_answers import article_answer
from retrieval.answering.calibration import Calibration, logit, sigmoid
from retrieval.answering.evidence import Evidence
from retrieval.answering.excerpts import excerpt
from retrieval.answering.listed_answers import Listing, each_item, listing
from retrieval.answering.questions import checked_question
from retrieval.answering.table_cells import in_right_cell
from retrieval.answering.text_fragments import address_at
from retrieval.inference.reader import Reader
from retrieval.language.article_questions import ArticleQuestion, article_question
from retrieval.language.names import strange_names, together
from retrieval.language.normalise import normalise
from retrieval.language.plural_questions import asks_for_several
from retrieval.search.exact_words import exact_words
from retrieval.search.search import Search
from retrieval.types import Filter, Hit

#: For all answers, so many passages are read at once; when none of them may hold one, the rest is not read.
BATCH = 10
#: How much less likely an answer may be than the threshold for reading to go on, in log odds.
SLACK = 1.0
#: Of one article, so many passages are read at first.
FIRST_READ = 2
#: Further passages that say the same do not make an answer surer: more are not read for one answer.
AGREEING = 4


class Answerer:
    """Answers questions from the collection; one question at a time."""

    def __init__(
        self, search: Search, reader: Reader, calibration: Calibration | None = None, *, threshold: float | None = None
    ) -> None:
        self._search = search
        self._reader = reader
        self._calibration = Calibration() if calibration is None else calibration
        self._threshold = self._calibration.threshold if threshold is None else threshold

    def load(self) -> None:
        """Loads both models. Raises ModelError."""
        self._search.load()
        self._reader.load()

    def ask(
        self, question: str, *, top_k: int = 5, within: Filter | None = None, favoured: int | None = None
    ) -> Answer:
        """The best quote of the ``top_k`` best passages, or "no answer" if none is likely enough to be right.

        ``within`` says in which articles to look, ``favoured`` is the id of one whose passages are preferred. The
        models are asked as the articles would spell it; the answer's question is the given one. A question about an
        article itself, such as "Wer hat den Artikel über … geschrieben?", is answered by what the article states. What
        stands in quotation marks in the question has to stand literally in a passage, see ``Answer.absent``.

        Raises:
            QuestionError: the question is empty or longer than 1,000 characters.
            ModelError: a model cannot be loaded.
            StoreError: the database cannot be read.
        """
        started = time.perf_counter()
        checked = checked_question(question)
        answer = self._search.reading(lambda: self._ask(checked, top_k, within, favoured))
        return replace(answer, question=checked, elapsed_ms=(time.perf_counter() - started) * 1000)

    def _ask(self, question: str, top_k: int, within: Filter | None, favoured: int | None) -> Answer:
        asked, exact = self._search.restored(question), exact_words(question)
        of_article = article_question(asked)
        answer = Answer(question, None, 0.0)
        if of_article is None or not of_article.certain:
            hits = self._search.search(asked, limit=top_k, within=within, favoured=favoured, exact=exact)
            answer = self.answer(asked, hits)
            if exact and not hits:
                answer = replace(answer, absent=self._absent(exact, within))
        if of_article is not None and answer.text is None:
            found = self._of_article(asked, of_article, top_k, within, favoured)
            answer = found if found.text is not None or of_article.certain else answer
        if answer.text is None:
            answer = replace(answer, unknown_names=self._unknown_names(asked, answer.hits))
        return answer

    def _absent(self, exact: Sequence[str], within: Filter | None) -> tuple[str, ...]:
        """Those of the words that stand nowhere; all of them if they only stand apart."""
        return tuple(words for words in exact if not self._search.stands(words, within)) or tuple(exact)

    def _unknown_names(self, question: str, hits: Sequence[Hit]) -> tuple[str, ...]:
        """The names in the question that no article has."""
        names = strange_names(question, "\n".join(_about(hit) for hit in hits))
        return together([name for name in names if not self._search.stands(name)], question)

    def _of_article(
        self, question: str, asked: ArticleQuestion, top_k: int, within: Filter | None, favoured: int | None
    ) -> Answer:
        hits = self._search.search(asked.about, limit=top_k, within=within) if asked.about else []
        last = None if favoured is None else self._search.document(favoured)
        return article_answer(question, asked, hits, last)

    def ask_new(self, question: str, document_id: int, *, top_k: int = 5) -> Answer:
        """The best quote of one article, as sure as ``ask`` would be of it among the passages of all articles.

        Up to ``top_k`` passages of the article are read, as long as there may be an answer in them: most new articles
        have none. The errors are those of ``ask``.
        """
        started = time.perf_counter()
        question = checked_question(question)
        asked, exact = self._search.restored(question), exact_words(question)
        hits, best_score = self._search.search_article(asked, document_id, limit=top_k, exact=exact)
        answer = self.answer(asked, hits[:FIRST_READ], best_score=best_score)
        if len(hits) > FIRST_READ and logit(answer.confidence) >= logit(self._threshold) - SLACK:
            answer = self.answer(asked, hits, best_score=best_score)
        return replace(answer, question=question, elapsed_ms=(time.perf_counter() - started) * 1000)

    def answer(self, question: str, hits: Sequence[Hit], *, best_score: float | None = None) -> Answer:
        """The best quote of these hits, or "no answer"; ``best_score`` is that of all hits if these are only some."""
        # The reader sees question and passage together, and so orders them better than search can.
        candidates = sorted(self.candidates(question, hits, best_score), key=lambda candidate: -candidate.logit)
        ordered = dict.fromkeys((*(candidate.hit for candidate in candidates), *hits))
        best = candidates[0] if candidates else None
        confidence = 0.0 if best is None else sigmoid(best.logit)
        answer = Answer(
            question,
            text=None,
            confidence=confidence,
            hits=tuple(ordered),
            best=None if best is None else best.span.text,
        )
        if best is None or confidence < self._threshold:
            return answer
        listed = self._listed(question, best) if asks_for_several(question) else Listing(best)
        best = listed.candidate
        return replace(
            self._quoted(answer, best),
            alternatives=alternatives(question, best, candidates, self._threshold),
            items=listed.items,
        )

    def ask_all(self, question: str, *, within: Filter | None = None) -> AllAnswers:
        """All distinct quotes that are likely enough to be right, from all articles; see ``AllAnswers``.

        What ``ask`` reads is read, and the best passages of the 40 best articles, as long as there are answers in
        them. ``within`` and the errors are those of ``ask``.
        """
        started = time.perf_counter()
        checked = checked_question(question)
        findings = self._search.reading(lambda: self._ask_all(checked, within))
        return AllAnswers(checked, findings, (time.perf_counter() - started) * 1000)

    def _ask_all(self, question: str, within: Filter | None) -> tuple[Finding, ...]:
        asked = self._search.restored(question)
        hits = self._search.search_each_article(asked, within=within, exact=exact_words(question))
        found: list[tuple[Span, Hit]] = []
        least = logit(self._threshold)
        for first in range(0, len(hits), BATCH):
            read = self._spans(asked, hits[first : first + BATCH])
            found += read
            if all(one.logit < least - SLACK for one in self._weighed(asked, read, hits[0].score)):
                break
        sure = [one for one in self._weighed(asked, found, hits[0].score if hits else 0.0) if one.logit >= least]
        if asks_for_several(asked):
            sure = [item for one in sure for item in each_item(self._listed(asked, one))]
        return merge(sure)

    def _listed(self, question: str, candidate: Candidate) -> Listing:
        return listing(question, candidate, self._search.sentences_around(candidate.hit.passage))

    def candidates(self, question: str, hits: Sequence[Hit], best_score: float | None = None) -> list[Candidate]:
        """The best span of each hit that has one; ``best_score`` as for ``answer``."""
        if best_score is None:
            best_score = max((hit.score for hit in hits), default=0.0)
        return self._weighed(question, self._spans(question, hits), best_score)

    def _spans(self, question: str, hits: Sequence[Hit]) -> list[tuple[Span, Hit]]:
        spans = self._reader.read(question, [hit.passage.text for hit in hits])
        return [
            (in_right_cell(question, hit.passage.text, span), hit)
            for span, hit in zip(spans, hits, strict=True)
            if span is not None and span.text
        ]

    def _weighed(self, question: str, found: Sequence[tuple[Span, Hit]], best_score: float) -> list[Candidate]:
        """The spans with what speaks for each; ``best_score`` is that of the question's best passage."""
        said = Counter(normalise(span.text) for span, _ in found)
        candidates = []
        for span, hit in found:
            agreeing = min(said[normalise(span.text)] - 1, AGREEING)
            evidence = Evidence(
                margin=span.margin,
                agreeing=agreeing,
                behind=hit.score - best_score,
                strange=float(bool(strange_names(question, _about(hit)))),
            )
            candidates.append(Candidate(span, hit, evidence, self._calibration.logit(evidence)))
        return candidates

    def _quoted(self, answer: Answer, best: Candidate) -> Answer:
        """The answer with its quote."""
        start, end = best.place()
        document, passage = best.hit.document, best.hit.passage
        return replace(
            answer,
            text=best.span.text,
            start=start,
            end=end,
            document=document,
            passage=passage,
            excerpt=excerpt(document, passage, start, end, self._search.sentences_around(passage)),
            copies=best.hit.copies,
            link=address_at(document, start, end),
        )


def _about(hit: Hit) -> str:
    """All that the hit's article says."""
    return f"{hit.document.title}\n{hit.document.text}"
