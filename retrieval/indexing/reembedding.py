"""Another embedder for a collection that is there: all vectors are made anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from retrieval.errors import StoreError
from retrieval.messages import notice
from retrieval.store.store import Store

if TYPE_CHECKING:
    from retrieval.inference.embedder import Embedder

_BLOCK = 512  # sentences a transaction


def match_embedder(
    store: Store,
    embedder: Embedder,
    *,
    notify: Callable[[str], None],
    progress: Callable[[int, int], None] | None = None,
) -> bool:
    """Makes the store's vectors those of ``embedder``, if they are not; True if there was something to do.

    Until all new vectors are there, searching goes on with the old ones; then one transaction changes over. What
    is done is kept block by block: interrupted, even by a kill, the next call goes on from there. ``progress``
    gets the sentences done and the sentences in all.

    Raises:
        StoreError: the vectors are another embedder's and the data directory can only be read.
    """
    old, new = store.embedder_signature, embedder.signature
    total = store.sentence_count()
    if old == new or not total:
        return False
    if store.read_only:
        raise StoreError(notice("index.read_only_embedder", home=store.place, embedder=old))
    notify(notice("index.embedding_anew", embedder=new, count=total))
    done = store.begin_staging(new)
    while not _changed_over(store, new):
        done += _stage_block(store, embedder)
        if progress is not None:
            progress(min(done, total), max(done, total))
    return True


def _stage_block(store: Store, embedder: Embedder) -> int:
    sentences = store.unstaged_sentences(_BLOCK)
    vectors = embedder.embed_texts([text for _, text in sentences])
    store.stage(embedder.signature, [row for row, _ in sentences], vectors)
    return len(sentences)


def _changed_over(store: Store, signature: str) -> bool:
    """Swaps the vectors if all of them are staged; True also if another process has done just that."""
    store.change_over(signature)
    if store.embedder_signature == signature:
        return True
    if store.meta("staged_signature") != signature:
        raise StoreError(notice("index.two_embedders", home=store.place))
    return False
