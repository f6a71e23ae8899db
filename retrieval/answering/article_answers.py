"""Answers to questions about an article itself: what it states of its day, its author and its source."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.answer import Answer, ArticleField
from retrieval.language.article_questions import ArticleQuestion
from retrieval.language.compounds import all_terms, noun_in_vocabulary
from retrieval.language.terms import keyword_term, keyword_words
from retrieval.types import Document, Hit


def article_answer(question: str, asked: ArticleQuestion, hits: Sequence[Hit], last: Document | None) -> Answer:
    """What the article says of itself: the first of ``hits`` that it is about, or without such words the ``last`` one.

    The confidence is the share of the words in question that the article has. There is no answer if one of the nouns
    and names is missing there, or if the article does not state it.
    """
    for document in [hit.document for hit in hits] if asked.about else [last] if last else []:
        told = _told(asked.about, document)
        value = stated(document, asked.field)
        if told and value:
            return Answer(question, value, told, document=document, hits=tuple(hits), field=asked.field)
        if told:
            break
    return Answer(question, None, 0.0, hits=tuple(hits))


def stated(document: Document, field: ArticleField) -> str:
    """What an article states of itself, "" where it does not; a day is an ISO date."""
    known = {
        ArticleField.PUBLISHED: document.published,
        ArticleField.AUTHOR: document.author,
        ArticleField.SOURCE: document.source,
    }
    return known[field]


def _told(about: str, document: Document) -> float:
    """How much of these words an article has (0..1), 0 if a noun or a name is missing."""
    found = all_terms(f"{document.title} {document.text}")
    said = found.distinct
    words = {
        term: noun_in_vocabulary(word) is not False for word in keyword_words(about) if (term := keyword_term(word))
    }
    missing = words.keys() - said
    if any(words[term] for term in missing):
        return 0.0
    return 1 - len(missing) / len(words) if words else 1.0
