"""A kept answer to a standing question as the Answer that it was, to be shown."""

from __future__ import annotations

from retrieval.answer import Answer
from retrieval.answering.excerpts import excerpt
from retrieval.answering.text_fragments import address_at
from retrieval.store.queries import StoreQueries
from retrieval.store.standing_questions import StandingAnswer
from retrieval.types import Passage


def to_answer(store: StoreQueries, kept: StandingAnswer) -> Answer | None:
    """The answer with its article and excerpt; None if the quote does not stand there any more.

    Raises:
        StoreError: the database cannot be read.
    """
    with store.snapshot():
        document = next(iter(store.documents([kept.document_id])), None)
        if document is None or document.text[kept.start : kept.end] != kept.answer:
            return None
        first, last = store.sentence_span(document.id, kept.start, kept.end)
        places = store.sentence_places(document.id, 0, len(document.text))
        copies = store.copies([document.id]).get(document.id, ())
    passage = Passage(document.text[first:last], first, last, 0, 0, document_id=document.id)
    return Answer(
        kept.question.question,
        kept.answer,
        kept.confidence,
        start=kept.start,
        end=kept.end,
        document=document,
        passage=passage,
        excerpt=excerpt(document, passage, kept.start, kept.end, places),
        copies=copies,
        link=address_at(document, kept.start, kept.end),
    )
