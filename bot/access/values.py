"""What other programs get: quotes with their places. The schemas and descriptions go out with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from bot.messages import in_language, text
from bot.render.json import document_json, place_json
from bot.render.text import other_hits
from bot.render.wording import silence_lines
from retrieval.answer import Alternative, Answer, Correction
from retrieval.types import Document, Hit

#: So many articles that say the same are named at most.
_COPIES = 10


class DocumentValue(BaseModel):
    """An article, without its text."""

    id: Annotated[int, Field(description="Its number: `show` takes it.")]
    title: str
    source: Annotated[str, Field(description="The agency or newspaper; empty if not known.")]
    published: Annotated[str, Field(description="ISO date, 2024-05-17; empty if not known.")]
    url: Annotated[str, Field(description="Its web address; empty if it has none.")]


class Place(BaseModel):
    """Literal words of an article, and where they stand."""

    text: Annotated[str, Field(description="Literal: the characters start..end of the article's text.")]
    document: DocumentValue
    page: Annotated[int | None, Field(description="The page it begins on, from 1; null without pages.")]
    start: int
    end: int
    ocr: Annotated[bool, Field(description="Read off a picture by OCR: single letters may be wrong.")]


class Quote(Place):
    """The answer: a literal quote."""

    sentence: Annotated[str, Field(description="The whole sentence that the quote stands in, literal.")]


class ItemValue(BaseModel):
    """An item of a list that answers as a whole."""

    text: Annotated[str, Field(description="Literal: the characters start..end of the quote's article.")]
    start: int
    end: int


class OtherQuote(Place):
    """Another quote that answers nearly as surely."""

    confidence: Annotated[float, Field(ge=0, le=1)]
    contradicts: Annotated[bool, Field(description="Another article says something else of the same thing.")]


class CorrectionQuote(Place):
    """What somebody gave as right for the same question."""

    sentence: Annotated[str, Field(description="The sentence that the words stand in and its neighbours, literal.")]
    by_owner: Annotated[bool, Field(description="An owner of the collection gave it.")]


class Statement(BaseModel):
    """What an article states of itself: no quote from its text."""

    field: Literal["published", "author", "source"]
    value: str
    document: DocumentValue


class AnswerValue(BaseModel):
    """What the articles say to a question. Exactly one of quote, statement and message is there."""

    question: str
    answered: Annotated[bool, Field(description="False: the articles do not say. Then do not answer from elsewhere.")]
    message: Annotated[str, Field(description="What to say in the place of an answer; empty if there is one.")]
    unknown_names: Annotated[
        list[str], Field(description="Places and people in the question that no article names; empty if answered.")
    ]
    quote: Quote | None
    items: Annotated[
        list[ItemValue], Field(description="Where several things are asked for and a list answers, its items.")
    ]
    statement: Statement | None
    certainty: Annotated[
        Literal["sure", "fairly_sure", "unsure"] | None, Field(description="How sure the answer is, in words.")
    ]
    confidence: Annotated[float, Field(ge=0, le=1, description="The estimated probability that it is right.")]
    also_in: Annotated[list[DocumentValue], Field(description="Articles that say the same, word for word.")]
    alternatives: list[OtherQuote]
    corrections: Annotated[
        list[CorrectionQuote], Field(description="What people gave as right for this question after a wrong answer.")
    ]
    passages: Annotated[list[Place], Field(description="Further passages that come near. They are no answers.")]


class PassagesValue(BaseModel):
    """Passages found, the best first."""

    passages: list[Place]


class ListValue(BaseModel):
    """Some of the articles by rising number, and how many there are in all."""

    total: int
    articles: list[DocumentValue]


class ArticleValue(DocumentValue):
    """An article with a part of its text."""

    text: Annotated[str, Field(description="Literal: the characters start..end.")]
    start: int
    end: int
    length: Annotated[int, Field(description="How many characters the whole text has.")]
    next_start: Annotated[int | None, Field(description="Where to read on; null at the end.")]
    also_in: Annotated[list[DocumentValue], Field(description="Articles that say the same, word for word.")]


def document_value(document: Document) -> DocumentValue:
    """The article without its text."""
    return DocumentValue(**document_json(document))


def answer_value(answer: Answer, language: str, sentence_of: Callable[[int, int, int], tuple[int, int]]) -> AnswerValue:
    """The answer with its places. It needs the text of its document; ``sentence_of`` is the collection's."""
    answered = answer.text is not None and answer.document is not None
    return AnswerValue(
        question=answer.question,
        answered=answered,
        message="" if answered else "\n".join(silence_lines(answer, language)),
        unknown_names=list(answer.unknown_names),
        quote=_quote(answer, sentence_of),
        items=[ItemValue(**asdict(item)) for item in answer.items],
        statement=_statement(answer),
        certainty=answer.certainty.value if answered else None,
        confidence=answer.confidence,
        also_in=[document_value(copy) for copy in answer.copies[:_COPIES]],
        alternatives=[_other_quote(other) for other in answer.alternatives],
        corrections=[_correction(correction) for correction in answer.corrections],
        passages=[hit_value(hit) for hit in other_hits(answer)],
    )


def hit_value(hit: Hit) -> Place:
    """A passage that was found."""
    return Place(**_place(hit.document, hit.passage.text, hit.passage.start, hit.passage.end))


def article_value(document: Document, copies: tuple[Document, ...], start: int, length: int) -> ArticleValue:
    """The ``length`` characters from ``start`` on, or as many as there are."""
    whole = len(document.text)
    start = min(start, whole)
    end = min(start + length, whole)
    return ArticleValue(
        **document_json(document),
        text=document.text[start:end],
        start=start,
        end=end,
        length=whole,
        next_start=end if end < whole else None,
        also_in=[document_value(copy) for copy in copies[:_COPIES]],
    )


def error_text(error: Exception, language: str) -> str:
    """What is said of an error."""
    return in_language(error, language) or text("access.failed", language)


def _quote(answer: Answer, sentence_of: Callable[[int, int, int], tuple[int, int]]) -> Quote | None:
    document, start, end = answer.document, answer.start, answer.end
    if not answer.quote or document is None or start is None or end is None:
        return None
    first, last = sentence_of(document.id, start, end)
    return Quote(**_place(document, answer.quote, start, end), sentence=document.text[first:last])


def _statement(answer: Answer) -> Statement | None:
    if answer.field is None or answer.text is None or answer.document is None:
        return None
    return Statement(field=answer.field.value, value=answer.text, document=document_value(answer.document))


def _other_quote(other: Alternative) -> OtherQuote:
    place = _place(other.document, other.text, other.start, other.end)
    return OtherQuote(**place, confidence=other.confidence, contradicts=other.contradicts)


def _correction(correction: Correction) -> CorrectionQuote:
    place = _place(correction.document, correction.text, correction.start, correction.end)
    return CorrectionQuote(**place, sentence=correction.excerpt.text, by_owner=correction.by_owner)


def _place(document: Document, words: str, start: int, end: int) -> dict[str, Any]:
    return {**place_json(document, words, start, end), "page": document.landmark_at(start).page or None}
