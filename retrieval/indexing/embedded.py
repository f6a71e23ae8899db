"""An article's sentences with their vectors as JSON holds them, so that another collection need not embed anew.

Passages and keyword terms are not among them: they follow from the sentences, and making them costs little.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retrieval.messages import notice
from retrieval.store.store import Store
from retrieval.types import Document, Sentence

#: Rounded to half precision, a vector of length 1 is at most so much longer or shorter.
_ROUNDING: Final = 0.01


@dataclass(frozen=True, slots=True)
class Embedded:
    """The sentences of an article, and their vectors: float32 ``(len(sentences), dimension)``, rows of length 1."""

    signature: str  # of the embedder
    sentences: tuple[Sentence, ...]
    vectors: NDArray[np.float32]


def described(store: Store, document: Document, signature: str) -> dict[str, Any]:
    """What ``embedded`` reads again, of a stored article; empty for one without sentences.

    Half-precision numbers, little-endian, as Base64: what the store keeps, to the bit.
    """
    ids = store.sentence_ids([document.id])
    if not len(ids):
        return {}
    return {
        "embedder": signature,
        "sentences": store.sentence_places(document.id, 0, len(ids)),
        "vectors": base64.b64encode(store.vectors(ids.tolist()).astype("<f2").tobytes()).decode("ascii"),
    }


def embedded(value: Mapping[str, Any], text: str) -> Embedded | None:
    """The sentences of ``text`` in an exported line; None if there are none in it.

    Raises:
        ValueError: they are not what ``described`` writes, with the reason for people: a Notice.
    """
    signature, places, encoded = (value.get(name) for name in ("embedder", "sentences", "vectors"))
    if signature is None and places is None and encoded is None:
        return None
    if not isinstance(signature, str) or not isinstance(encoded, str):
        raise ValueError(notice("exchange.vectors"))
    sentences = _sentences(places, text)
    try:
        numbers = np.frombuffer(base64.b64decode(encoded, validate=True), dtype="<f2")
    except (binascii.Error, ValueError):
        raise ValueError(notice("exchange.vectors")) from None
    if not len(numbers) or len(numbers) % len(sentences):
        raise ValueError(notice("exchange.vectors"))
    vectors = numbers.reshape(len(sentences), -1).astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1)
    # "not (… < …)" holds for what is no number, too. The vector of a text without meaning may be nothing but zeros.
    if not (np.minimum(lengths, np.abs(lengths - 1)) < _ROUNDING).all():
        raise ValueError(notice("exchange.vectors"))
    return Embedded(signature, sentences, vectors)


def _sentences(places: object, text: str) -> tuple[Sentence, ...]:
    error = ValueError(notice("exchange.sentences"))
    if not isinstance(places, list) or not places:
        raise error
    if not all(isinstance(place, list) and [type(end) for end in place] == [int, int] for place in places):
        raise error
    ends = [end for place in places for end in place]
    if ends[0] < 0 or ends[-1] > len(text) or any(later < earlier for earlier, later in pairwise(ends)):
        raise error
    if any(start == end for start, end in places):
        raise error
    return tuple(Sentence(text[start:end], start, end) for start, end in places)
