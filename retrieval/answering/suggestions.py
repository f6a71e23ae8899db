"""Questions about a collection that it answers: for whoever does not know what to ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Protocol

from retrieval.answer import Answer, Certainty
from retrieval.language.compounds import split
from retrieval.messages import LANGUAGES, in_language, notice
from retrieval.types import Document

SUGGESTIONS = 3
ARTICLES = 8  # the newest ones, whose names are tried
ATTEMPTS = 12  # questions that are asked to find those that are answered

# Office, first name and family name: "Gouverneurin Anna Ott", also behind "der Region Perm".
_PART = "[A-ZÄÖÜ][a-zäöüß]{2,}(?:-[A-ZÄÖÜ][a-zäöüß]+)?"
_NAME = re.compile(rf"(?<![\w-])(?:{_PART} )+({_PART} {_PART})(?![\w-]| [A-ZÄÖÜ])")


class Asks(Protocol):
    """Answers complete questions, as it will when somebody asks what was suggested."""

    def __call__(self, question: str) -> Answer:
        """The best quote, or an Answer without one."""


def suggest(documents: Sequence[Document], ask: Asks) -> tuple[str, ...]:
    """Up to ``SUGGESTIONS`` questions about people in the newest articles, all answered surely.

    Each is asked before it is suggested, and counts only if the article that names the person answers it. It is a
    Notice if that is so in all languages; otherwise it is the German question, for readers of any language.
    """
    newest = sorted(documents, key=lambda document: (document.published, document.id), reverse=True)[:ARTICLES]
    names = [[(name, document) for name in names_in(document.text)] for document in newest]
    # One name of each article, then the second ones.
    tried = [pair for turn in zip_longest(*names) for pair in turn if pair is not None][:ATTEMPTS]
    found: dict[int, str] = {}
    for name, document in tried:
        if len(found) == SUGGESTIONS:
            break
        if document.id in found:
            continue
        question = notice("suggestion.who", name=name)
        german, *others = (in_language(question, language) for language in LANGUAGES)
        if _says(ask(german), name, document):
            everywhere = all(_says(ask(other), name, document) for other in others)
            found[document.id] = question if everywhere else german
    return tuple(found.values())


def _says(answer: Answer, name: str, document: Document) -> bool:
    """Whether this article says surely who somebody is, and not just the name."""
    of_article = answer.document is not None and answer.document.id == document.id
    return answer.text is not None and of_article and answer.certainty is Certainty.SURE and name not in answer.text


def names_in(text: str) -> tuple[str, ...]:
    """What looks like the names of people with an office, each once; "Landgericht Weimar" is none."""
    found = dict.fromkeys(match[1] for match in _NAME.finditer(text))
    return tuple(name for name in found if not split(name.partition(" ")[0].lower()))
