"""The HTTP server's addresses: pages for people, an API for programs."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from bot.access.requests import AskRequest, ListRequest, SearchRequest, ShowRequest
from bot.access.service import Service
from bot.access.values import error_text
from bot.errors import BusyError, FilterError, NotFoundError, RequestError
from bot.http.guard import HEADERS, Guard, language_of
from bot.http.openapi import ARTICLE, ARTICLES, ASK, SEARCH, DocumentPath, ErrorValue, description
from bot.http.pages import article_page, message_page, question_page
from bot.messages import notice, text
from retrieval.answering.questions import checked_question
from retrieval.characters import to_json
from retrieval.errors import FundstelleError, QuestionError

log = logging.getLogger(__name__)

R = TypeVar("R", bound=BaseModel)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_API, _DESCRIPTION = "/api/", "/openapi.json"
#: Files that every page needs, and which say nothing of the articles.
_ASSETS = {"/style.css": "text/css", "/icon.svg": "image/svg+xml"}
_RETRY_SECONDS = "5"
#: What is wrong with a request, and what is said of it.
_STATUS = {404: "http.not_found", 405: "http.only_get"}


class Site:
    """Answers requests from ``service``; ``language`` is for those who prefer neither German nor English."""

    def __init__(self, service: Service, guard: Guard, language: str) -> None:
        self._service = service
        self._guard = guard
        self._language = language
        folder = files("bot.http").joinpath("templates")
        self._assets = {path: folder.joinpath(path[1:]).read_text(encoding="utf-8") for path in _ASSETS}
        self._description = to_json(description())

    def application(self) -> web.Application:
        """The application to run."""
        application = web.Application(middlewares=[self._with_errors, self._with_guard], client_max_size=1024)
        application.on_response_prepare.append(_protect)
        # Without HEAD: it would answer the whole question and show nothing of it.
        for path, handler in {
            "/": self._question,
            "/articles/{id}": self._article,
            **dict.fromkeys(_ASSETS, self._asset),
            _DESCRIPTION: self._describe,
            ASK.path: self._api_ask,
            SEARCH.path: self._api_search,
            ARTICLES.path: self._api_articles,
            ARTICLE.path: self._api_article,
        }.items():
            application.router.add_get(path, handler, allow_head=False)
        return application

    # Pages

    async def _question(self, request: web.Request) -> web.Response:
        language, given = language_of(request, self._language), dict(request.query)
        count = await self._service.article_count()
        if not given.get("q", "").strip():
            return _html(question_page(language, count))
        asked = None
        try:
            # Said as in the chat; the API's own complaint names the parameter.
            given["q"] = checked_question(given["q"])
            asked = _request(AskRequest, given)
            answer = await self._service.answer(asked, language)
        except FundstelleError as error:
            page = question_page(language, count, asked, problem=error_text(error, language))
            return _html(page, status=_status_of(error), headers=_headers_of(error))
        return _html(question_page(language, count, asked, answer))

    async def _article(self, request: web.Request) -> web.Response:
        language = language_of(request, self._language)
        document = await self._service.article(_document_id(request))
        quote = _numbers(request.query.get("start", ""), request.query.get("end", ""))
        if not 0 <= quote[0] < quote[1] <= len(document.text):  # the article may be another one by now
            quote = (0, 0)
        sentence = await self._service.sentence_of(document.id, *quote) if quote[1] else quote
        return _html(article_page(document, language, quote, sentence))

    async def _asset(self, request: web.Request) -> web.Response:
        return web.Response(text=self._assets[request.path], content_type=_ASSETS[request.path])

    # API

    async def _describe(self, _: web.Request) -> web.Response:
        return web.Response(text=self._description, content_type="application/json")

    async def _api_ask(self, request: web.Request) -> web.Response:
        language = language_of(request, self._language)
        return _json(await self._service.ask(_parameters(AskRequest, request), language))

    async def _api_search(self, request: web.Request) -> web.Response:
        language = language_of(request, self._language)
        return _json(await self._service.search(_parameters(SearchRequest, request), language))

    async def _api_articles(self, request: web.Request) -> web.Response:
        language = language_of(request, self._language)
        return _json(await self._service.list(_parameters(ListRequest, request), language))

    async def _api_article(self, request: web.Request) -> web.Response:
        return _json(await self._service.show(_document_id(request), _parameters(ShowRequest, request)))

    # What all have in common

    @web.middleware
    async def _with_guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        language = language_of(request, self._language)
        if not self._guard.knows_host(request.headers.getall(hdrs.HOST, [])):
            return self._refuse(request, 421, text("http.wrong_host", language))
        if request.path == "/" and (given := request.query.get("token")):
            if entered := self._guard.let_in(given):
                return entered
        elif request.path in _ASSETS or self._is_allowed(request):
            return await handler(request)
        if self._is_page(request):
            return self._refuse(request, 401, text("http.no_cookie", language))
        return self._refuse(request, 401, text("http.no_token", language), {hdrs.WWW_AUTHENTICATE: "Bearer"})

    def _is_allowed(self, request: web.Request) -> bool:
        if request.path == _DESCRIPTION:
            return self._guard.may_use_api(request) or self._guard.may_see_pages(request)
        return self._guard.may_see_pages(request) if self._is_page(request) else self._guard.may_use_api(request)

    @web.middleware
    async def _with_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        language = language_of(request, self._language)
        try:
            return await handler(request)
        except FundstelleError as error:
            return self._refuse(request, _status_of(error), error_text(error, language), _headers_of(error))
        except web.HTTPException as error:
            said = text(_STATUS.get(error.status, "http.wrong_request"), language)
            return self._refuse(request, error.status, said)
        except Exception:
            # Without what stands behind the "?": questions are in no log.
            log.exception("%s failed", request.path)
            return self._refuse(request, 500, text("access.failed", language))

    def _refuse(
        self, request: web.Request, status: int, message: str, headers: dict[str, str] | None = None
    ) -> web.Response:
        if self._is_page(request):
            return _html(message_page(language_of(request, self._language), message), status=status, headers=headers)
        return _json(ErrorValue(error=message), status=status, headers=headers)

    def _is_page(self, request: web.Request) -> bool:
        return not request.path.startswith(_API) and request.path != _DESCRIPTION


async def _protect(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers.pop(hdrs.SERVER, None)


def _html(page: str, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=page, content_type="text/html", status=status, headers=headers)


def _json(value: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    content = to_json(value.model_dump(mode="json"))
    return web.Response(text=content, content_type="application/json", status=status, headers=headers)


def _parameters(kind: type[R], request: web.Request) -> R:
    given = dict(request.query)
    for name in given:
        if len(request.query.getall(name)) > 1:
            raise RequestError(notice("http.wrong_parameter", name=name[:40]))
    return _request(kind, given)


def _request(kind: type[R], given: dict[str, str]) -> R:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        name = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise RequestError(notice("http.wrong_parameter", name=name[:40])) from None


def _document_id(request: web.Request) -> int:
    try:
        return DocumentPath.model_validate({"id": request.match_info["id"]}).id
    except ValidationError:
        raise web.HTTPNotFound from None


def _numbers(start: str, end: str) -> tuple[int, int]:
    """Two places in a text; (0, 0) for what are none."""
    if all(value.isascii() and value.isdigit() and len(value) < 19 for value in (start, end)):
        return int(start), int(end)
    return 0, 0


def _status_of(error: FundstelleError) -> int:
    if isinstance(error, BusyError):
        return 429
    if isinstance(error, NotFoundError):
        return 404
    return 400 if isinstance(error, QuestionError | FilterError | RequestError) else 503


def _headers_of(error: FundstelleError) -> dict[str, str]:
    return {hdrs.RETRY_AFTER: _RETRY_SECONDS} if isinstance(error, BusyError) else {}
