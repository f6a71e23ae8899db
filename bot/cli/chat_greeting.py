"""What the terminal chat begins with: what is indexed, and questions to try."""

from __future__ import annotations

from pathlib import Path

from bot.messages import table, text
from bot.render.wording import quantity
from bot.settings import Settings
from retrieval.types import Document


def greeting(articles: int, sentences: int, examples: list[str], settings: Settings) -> str:
    """What is indexed, and questions to begin with."""
    language = settings.language
    if not articles:
        return text("chat.empty", language)
    indexed = text(
        "chat.indexed",
        language,
        articles=quantity("chat.articles", articles, language),
        sentences=quantity("chat.sentences", sentences, language),
        home=settings.home,
    )
    shown = [text("chat.examples", language), *(f"  {question}" for question in examples)] if examples else []
    return "\n".join([indexed, *shown, text("chat.commands", language)])


def written_examples(documents: list[Document], language: str) -> list[str]:
    """The questions that were written for those of the sample articles that are there."""
    names = {Path(document.path).name for document in documents}
    return [question for name, question in table(language)["examples"].items() if name in names]
