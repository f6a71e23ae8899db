"""An answer and an article as programs get them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bot.render.text import other_hits, source_link
from retrieval.answer import Alternative, Answer, Correction
from retrieval.types import Document, Landmark


def to_json(answer: Answer) -> dict[str, Any]:
    """The object that ``ask --json`` prints."""
    here = Landmark(0)
    if answer.document is not None and answer.start is not None:
        here = answer.document.landmark_at(answer.start)
    return {
        "question": answer.question,
        "answer": {
            "text": answer.text,
            "from": None if answer.text is None else "text" if answer.field is None else "article",
            "confidence": answer.confidence,
            "certainty": None if answer.text is None else answer.certainty,
            "start": answer.start,
            "end": answer.end,
            "items": [asdict(item) for item in answer.items],
            "document": None if answer.document is None else document_json(answer.document),
            "also_in": [document_json(copy) for copy in answer.copies],
            "page": here.page or None,
            "heading": here.heading or None,
            "ocr": here.ocr,
            "link": source_link(answer) or None,
        },
        "absent": None if answer.text is not None else _absent(answer),
        "alternatives": [
            {**_place(other), "confidence": other.confidence, "contradicts": other.contradicts}
            for other in answer.alternatives
        ],
        "corrections": [
            {**_place(other), "sentence": other.excerpt.text, "link": other.link or None, "by_owner": other.by_owner}
            for other in answer.corrections
        ],
        "passages": [
            {
                "text": hit.passage.text,
                "score": hit.score,
                "document_id": hit.document.id,
                "start": hit.passage.start,
                "end": hit.passage.end,
                "ocr": hit.document.landmark_at(hit.passage.start).ocr,
            }
            for hit in answer.hits
        ],
        "small_talk": None if answer.small_talk is None else answer.small_talk.value,
        "elapsed_ms": round(answer.elapsed_ms, 1),
    }


def _absent(answer: Answer) -> dict[str, Any]:
    """Why there is no answer, and the passage that comes nearest."""
    if answer.small_talk is not None:
        reason = "small_talk"
    elif answer.absent:
        reason = "words"
    else:
        reason = "unsure" if answer.hits else "nothing_found"
    nearest = next(iter(other_hits(answer)), None)
    return {
        "reason": reason,
        "words": list(answer.absent),
        "names": list(answer.unknown_names),
        "nearest": nearest
        and {
            "text": nearest.passage.text,
            "start": nearest.passage.start,
            "end": nearest.passage.end,
            "document": document_json(nearest.document),
        },
    }


def place_json(document: Document, words: str, start: int, end: int) -> dict[str, Any]:
    """Literal words of an article, and where they stand."""
    return {
        "text": words,
        "start": start,
        "end": end,
        "document": document_json(document),
        "ocr": document.landmark_at(start).ocr,
    }


def _place(quote: Alternative | Correction) -> dict[str, Any]:
    return place_json(quote.document, quote.text, quote.start, quote.end)


def document_json(document: Document) -> dict[str, Any]:
    """An article as programs get it, without its text."""
    return {
        "id": document.id,
        "title": document.title,
        "source": document.source,
        "url": document.url,
        "published": document.published,
    }
