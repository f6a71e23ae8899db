"""Which articles a feed has brought. Only those may it change."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.types import SourceKind

if TYPE_CHECKING:
    from retrieval.store.store import Store


@dataclass(frozen=True, slots=True)
class Brought:
    """An article that a feed has brought.

    ``key`` is that of its entry, empty once the feed does not name it any more. ``is_excerpt`` says that the text is
    what the feed itself holds, not that of the page.
    """

    key: str
    is_excerpt: bool


class FeedArticles:
    """The articles that the feed at ``feed`` has brought, by id, as the store remembers them.

    An article is the feed's if it brought it, and nobody has added its page by hand since. Of articles that are older
    than this memory nobody knows who brought them; they are the feed's if no other feed has them.
    """

    def __init__(self, store: Store, feed: str) -> None:
        self._store = store
        self._feed = feed
        self._brought: dict[int, Brought] = {}
        try:
            kept = json.loads(store.meta(_key(feed)))
            self._older = int(kept["older"])
            self._brought = {int(number): Brought(*state) for number, state in kept["articles"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):  # not written yet, or damaged
            # A feed that has never been looked at has brought nothing.
            self._older = store.newest_id() if store.seen_entries(feed) else 0
            self.keep(())

    def may_change(self, path: str) -> bool:
        """Whether there is no article at ``path``, or one that is the feed's."""
        number = self._at(path)
        if not number:
            return True
        if any(page.location == path for page in self._store.sources(SourceKind.PAGE)):
            return False
        return number in self._brought or (number <= self._older and number not in self._of_others())

    def has_page_of(self, key: str, link: str) -> bool:
        """Whether the page of the entry with this key and link is an article already, by its whole text."""
        numbers = {number for number, brought in self._brought.items() if brought.key == key}
        there = {document.id for document in self._store.documents(numbers)} | ({self._at(link)} - {0})
        return any(number not in self._brought or not self._brought[number].is_excerpt for number in there)

    def add(self, path: str, brought: Brought) -> None:
        """Notes that the article at ``path``, if there is one, is the feed's."""
        if number := self._at(path):
            self._brought[number] = brought

    def keep(self, keys: Collection[str]) -> None:
        """Remembers it all; ``keys`` are those of the entries that the feed names now."""
        articles = {
            number: (brought.key if brought.key in keys else "", brought.is_excerpt)
            for number, brought in self._brought.items()
        }
        kept = json.dumps({"older": self._older, "articles": articles}, ensure_ascii=False)
        if kept != self._store.meta(_key(self._feed)):
            self._store.put_meta(_key(self._feed), kept)

    def _at(self, path: str) -> int:
        """The id of the article at ``path``, 0 if there is none."""
        return self._store.ids_below(path).get(path, 0) if path else 0

    def _of_others(self) -> set[int]:
        others = (source.location for source in self._store.sources(SourceKind.FEED) if source.location != self._feed)
        return {number for other in others for number in FeedArticles(self._store, other)._brought}


def _key(feed: str) -> str:
    return f"feed:{feed}"
