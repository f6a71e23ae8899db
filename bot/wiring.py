"""From the settings to the collection that they describe."""

from __future__ import annotations

from collections.abc import Callable

from bot.messages import in_language
from bot.settings import Settings
from bot.standing import standing_of
from retrieval.collection import Collection


def open_collection(settings: Settings, notify: Callable[[str], None]) -> Collection:
    """The collection in the settings' data directory, with their models; ``notify`` gets lines in their language."""
    collection = Collection(
        settings.home,
        embedder=settings.embedder,
        reader=settings.reader,
        device=settings.device,
        threshold=settings.no_answer_threshold,
        top_k=settings.top_k,
        web_hosts=settings.web_hosts,
        lock_seconds=settings.lock_seconds,
        database_url=settings.database_url.get_secret_value() if settings.database_url else "",
        database_read_url=settings.database_read_url.get_secret_value() if settings.database_read_url else "",
        standing=standing_of(settings, (lambda: collection.store.database) if settings.database_url else None),
        notify=lambda notice: notify(in_language(notice, settings.language)),
    )
    return collection
