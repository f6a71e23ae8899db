"""The description of the HTTP API (OpenAPI 3.1), made of the classes that check requests and make answers."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.access.requests import AskRequest, DocumentId, ListRequest, SearchRequest, ShowRequest
from bot.access.values import AnswerValue, ArticleValue, ListValue, PassagesValue


class ErrorValue(BaseModel):
    """Why there is no answer, for people."""

    error: str


class DocumentPath(BaseModel):
    """Which article."""

    id: DocumentId


@dataclass(frozen=True, slots=True)
class Operation:
    """One address of the API: what it takes behind ``?`` and what it gives."""

    path: str
    name: str
    summary: str
    request: type[BaseModel]
    value: type[BaseModel]


ASK = Operation("/api/ask", "ask", "Answer a question with a literal quote, or say that the articles do not say",
                AskRequest, AnswerValue)  # fmt: skip
SEARCH = Operation("/api/search", "search", "Find literal passages about a topic", SearchRequest, PassagesValue)
ARTICLES = Operation("/api/articles", "list", "List the articles", ListRequest, ListValue)
ARTICLE = Operation("/api/articles/{id}", "show", "Show a part of an article's text", ShowRequest, ArticleValue)
OPERATIONS = (ASK, SEARCH, ARTICLES, ARTICLE)
#: Status -> when.
_REFUSALS = {
    "400": "A parameter is unknown, missing or not allowed.",
    "401": "The token is missing or wrong.",
    "404": "There is no such article.",
    "429": "Too many are asking; Retry-After says when to try again, in seconds.",
    "503": "The collection or a model cannot be used.",
}


def description() -> dict[str, Any]:
    """The whole description as JSON."""
    values: list[type[BaseModel]] = [*(operation.value for operation in OPERATIONS), ErrorValue]
    _, schemas = models_json_schema(
        [(value, "serialization") for value in values], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fundstelle",
            "version": version("fundstelle"),
            "description": "Answers from a collection of German articles: literal quotes with their places. All "
            "addresses read and change nothing.",
        },
        "paths": {operation.path: {"get": _get(operation)} for operation in OPERATIONS},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _get(operation: Operation) -> dict[str, Any]:
    parameters = _parameters(operation.request, "query")
    if "{id}" in operation.path:
        parameters = _parameters(DocumentPath, "path") + parameters
    refusals = {
        status: {"description": when, **_content(ErrorValue)}
        for status, when in _REFUSALS.items()
        if status != "404" or "{id}" in operation.path
    }
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {"200": {"description": _sentence(operation.value), **_content(operation.value)}, **refusals},
    }


def _parameters(model: type[BaseModel], where: str) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    parameters = []
    for name, kind in schema["properties"].items():
        kept = {key: value for key, value in kind.items() if key not in ("title", "description")}
        required = name in schema.get("required", ())
        described = kind["description"]
        parameters.append({"name": name, "in": where, "required": required, "description": described, "schema": kept})
    return parameters


def _content(value: type[BaseModel]) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{value.__name__}"}
    return {"content": {"application/json": {"schema": reference}}}


def _sentence(value: type[BaseModel]) -> str:
    return (value.__doc__ or "").strip()
