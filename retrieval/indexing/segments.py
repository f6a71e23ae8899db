"""An article as it is searched: sentences, passages and keyword terms."""

from __future__ import annotations

from retrieval.errors import LoadingError
from retrieval.language.compounds import all_terms
from retrieval.language.passages import build_passages
from retrieval.language.sentences import SentenceSplitter
from retrieval.messages import notice
from retrieval.types import Segments, Sentence


def split_article(splitter: SentenceSplitter, text: str) -> Segments:
    """Sentences, passages and keyword terms of one article. Raises LoadingError if it has no sentence."""
    sentences = splitter.split(text)
    if not sentences:
        raise LoadingError(notice("index.no_sentence"))
    return segments_of(text, sentences)


def segments_of(text: str, sentences: tuple[Sentence, ...]) -> Segments:
    """The sentences of an article with their passages and keyword terms."""
    passages = build_passages(text, sentences)
    return Segments(sentences, passages, tuple(all_terms(passage.text) for passage in passages))
