"""The collection as other programs get at it: they read and change nothing."""

from __future__ import annotations

import asyncio

from bot.access.filters import filter_from
from bot.access.reader_thread import MAX_WAITING, ReaderThread
from bot.access.requests import AskRequest, ListRequest, SearchRequest, ShowRequest
from bot.access.values import (
    AnswerValue,
    ArticleValue,
    ListValue,
    PassagesValue,
    answer_value,
    article_value,
    document_value,
    hit_value,
)
from bot.errors import NotFoundError
from bot.messages import notice, text
from retrieval.answer import Answer
from retrieval.answering.questions import checked_question
from retrieval.collection import Collection
from retrieval.types import Document, Filter


class Service:
    """Answers questions and looks things up. What people will read comes in ``language`` ("de", "en").

    All methods raise FundstelleError: QuestionError, FilterError, NotFoundError for what was asked, BusyError where too
    many are asking, ModelError and StoreError where the collection cannot be used. Nothing of a request is stored.
    """

    def __init__(self, collection: Collection, *, max_waiting: int = MAX_WAITING) -> None:
        self._collection = collection
        self.reader = ReaderThread(max_waiting)

    def load_soon(self) -> None:
        """Loads the models in the background; the first question waits for them. An error shows with the question."""
        self.reader.start(self._collection.load)

    async def answer(self, request: AskRequest, language: str) -> Answer:
        """The answer for a page that is shown."""
        return await self.reader.run(self._answer, request.q, _within(request, language))

    async def ask(self, request: AskRequest, language: str) -> AnswerValue:
        """The answer for a program."""
        return await self.reader.run(self._ask, request, language)

    async def search(self, request: SearchRequest, language: str) -> PassagesValue:
        """The passages that may say something about it."""
        return await self.reader.run(self._search, request, _within(request, language))

    async def list(self, request: ListRequest, language: str) -> ListValue:
        """Articles and copies."""
        return await asyncio.to_thread(self._list, request, _within(request, language))

    async def show(self, document_id: int, request: ShowRequest) -> ArticleValue:
        """A part of an article."""
        return await asyncio.to_thread(self._show, document_id, request)

    async def article(self, document_id: int) -> Document:
        """A whole article. Raises NotFoundError if it is not there."""
        return await asyncio.to_thread(self._document, document_id)

    async def sentence_of(self, document_id: int, start: int, end: int) -> tuple[int, int]:
        """From where to where the sentences go that ``start``..``end`` of an article lies in."""
        return await asyncio.to_thread(self._collection.sentence_of, document_id, start, end)

    async def article_count(self) -> int:
        """How many articles there are."""
        return await asyncio.to_thread(self._collection.article_count)

    def _answer(self, question: str, within: Filter) -> Answer:
        return self._collection.ask(question, within=within)

    def _ask(self, request: AskRequest, language: str) -> AnswerValue:
        answer = self._answer(request.q, _within(request, language))
        value = answer_value(answer, language, self._collection.sentence_of)
        if not value.answered and not self._collection.article_count():
            value.message = text("chat.empty", language)
        return value

    def _search(self, request: SearchRequest, within: Filter) -> PassagesValue:
        self._collection.match_embedder()
        search = self._collection.search
        question = checked_question(request.q)
        hits = search.reading(lambda: search.search(search.restored(question), limit=request.limit, within=within))
        return PassagesValue(passages=[hit_value(hit) for hit in hits])

    def _list(self, request: ListRequest, within: Filter) -> ListValue:
        store = self._collection.store
        ids = store.listed_ids(within)
        shown = ids[request.offset : request.offset + request.limit]
        # One at a time: each comes with its text, which may be long.
        documents = (document for number in shown for document in store.documents([number]))
        return ListValue(total=len(ids), articles=[document_value(document) for document in documents])

    def _show(self, document_id: int, request: ShowRequest) -> ArticleValue:
        document = self._document(document_id)
        return article_value(document, self._collection.copies(document_id), request.start, request.length)

    def _document(self, document_id: int) -> Document:
        document = self._collection.document(document_id)
        if document is None:
            raise NotFoundError(notice("access.no_article", id=document_id))
        return document


def _within(request: AskRequest | SearchRequest | ListRequest, language: str) -> Filter:
    words = request.words.split() if isinstance(request, ListRequest) else ()
    return filter_from(request.source, request.since, request.until, language, words)
