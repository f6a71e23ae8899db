"""The articles as the bot sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.types import Document

if TYPE_CHECKING:
    from retrieval.answering import Answerer


@dataclass(frozen=True, slots=True)
class Collection:
    """What is asked and shown: ``answerer`` and ``documents`` are used in one worker thread, the counts in any."""

    answerer: Answerer
    documents: Callable[[], list[Document]]
    article_count: Callable[[], int]
    sentence_count: Callable[[], int]
