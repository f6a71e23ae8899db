"""Another embedder for a collection that is there: all vectors are made anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from retrieval.errors import StoreError
from retrieval.messages import notice
from retrieval.store.rows import to_blobs
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
        raise StoreError(notice("index.read_only_embedder", home=store.home, embedder=old))
    notify(notice("index.embedding_anew", embedder=new, count=total))
    with store.database.transaction() as connection:
        if store.meta("staged_signature") != new:
            connection.execute("DELETE FROM staged_vectors")
            store.set_meta(connection, "staged_signature", new)
    done = int(store.database.rows("SELECT count(*) FROM staged_vectors")[0][0])
    while not _change_over(store, new):
        done += _stage_block(store, embedder)
        if progress is not None:
            progress(min(done, total), max(done, total))
    return True


def _stage_block(store: Store, embedder: Embedder) -> int:
    with store.snapshot():
        rows = store.database.rows(
            'SELECT id, document_id, "start", "end" FROM sentences '
            "WHERE id > (SELECT ifnull(max(sentence_id), 0) FROM staged_vectors) ORDER BY id LIMIT ?",
            (_BLOCK,),
        )
        texts = store.texts(row[1] for row in rows)
    vectors = embedder.embed_texts([texts[document][start:end] for _, document, start, end in rows])
    blobs = to_blobs(vectors)
    with store.database.transaction() as connection:
        if store.meta("staged_signature") == embedder.signature:  # else _change_over tells what has happened
            connection.executemany(
                "INSERT OR REPLACE INTO staged_vectors VALUES (?, ?)",
                [(row[0], blob) for row, blob in zip(rows, blobs, strict=True)],
            )
    return len(rows)


def _change_over(store: Store, signature: str) -> bool:
    """Swaps the vectors if all of them are staged; True also if another process has done just that."""
    if _all_staged(store):
        with store.change() as connection:
            # Under the write lock no sentence can be added any more: look again.
            if store.meta("staged_signature") == signature and _all_staged(store):
                connection.execute(
                    "UPDATE sentences SET vector = (SELECT vector FROM staged_vectors WHERE sentence_id = sentences.id)"
                )
                connection.execute("DELETE FROM staged_vectors")
                store.set_meta(connection, "staged_signature", "")
                store.set_meta(connection, "embedder_signature", signature)
    if store.embedder_signature == signature:
        return True
    if store.meta("staged_signature") != signature:
        raise StoreError(notice("index.two_embedders", home=store.home))
    return False


def _all_staged(store: Store) -> bool:
    return not store.database.rows(
        "SELECT 1 FROM sentences WHERE id > (SELECT ifnull(max(sentence_id), 0) FROM staged_vectors) LIMIT 1"
    )
