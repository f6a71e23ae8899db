"""What other programs can ask for, and within which limits. The descriptions are read by people and language models."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from retrieval.answering.questions import MAX_QUESTION_CHARS

#: Search and the list give so many at most, ``show`` so many characters at once.
MAX_PASSAGES, MAX_LISTED, MAX_SHOWN_CHARS = 20, 200, 20_000
#: SQLite's largest number: an id or offset above it is none.
_LARGEST = 2**63 - 1
_MAX_WORDS_CHARS = 200

Question = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_QUESTION_CHARS,
        description="One complete question in German or English, such as „Wer ist Gouverneur der Region Perm?“. "
        "Earlier questions are not remembered.",
    ),
]
Query = Annotated[
    str, Field(min_length=1, max_length=MAX_QUESTION_CHARS, description="What the passages should be about.")
]
Source = Annotated[
    str, Field(max_length=_MAX_WORDS_CHARS, description="Only articles whose source holds this, such as “dpa”.")
]
Since = Annotated[
    str, Field(max_length=_MAX_WORDS_CHARS, description="Only articles from this day on, such as 2024-05-17.")
]
Until = Annotated[
    str, Field(max_length=_MAX_WORDS_CHARS, description="Only articles up to this day, such as 2024-05-31.")
]
Words = Annotated[
    str, Field(max_length=_MAX_WORDS_CHARS, description="Only articles whose title, source or path holds all words.")
]
PassageLimit = Annotated[int, Field(ge=1, le=MAX_PASSAGES, description="So many passages at most.")]
ListLimit = Annotated[int, Field(ge=1, le=MAX_LISTED, description="So many articles at most.")]
Offset = Annotated[int, Field(ge=0, le=_LARGEST, description="So many of the first articles are left out.")]
DocumentId = Annotated[int, Field(ge=1, le=_LARGEST, description="The number of an article.")]
Start = Annotated[int, Field(ge=0, le=_LARGEST, description="From which character of the text on.")]
Length = Annotated[int, Field(ge=1, le=MAX_SHOWN_CHARS, description="So many characters of the text at most.")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Filtered(_Request):
    source: Source = ""
    since: Since = ""
    until: Until = ""


class AskRequest(_Filtered):
    """A question."""

    q: Question


class SearchRequest(_Filtered):
    """A search for passages."""

    q: Query
    limit: PassageLimit = 5


class ListRequest(_Filtered):
    """A list of articles."""

    words: Words = ""
    limit: ListLimit = 50
    offset: Offset = 0


class ShowRequest(_Request):
    """A part of an article's text."""

    start: Start = 0
    length: Length = 8000
