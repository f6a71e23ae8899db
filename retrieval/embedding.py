"""Vectors for texts and questions."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import ModelError
from retrieval.modelfiles import ModelReference, fast_bfloat16

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: What families of models want before a question and before a text, by a part of the model's name.
PREFIXES = {"-e5-": ("query: ", "passage: ")}


class Embedder(Protocol):
    """Turns texts into vectors of length 1, so that their inner product is the cosine (-1..1)."""

    @property
    def signature(self) -> str:
        """Tells this model and its prefixes from any other; vectors of another signature cannot be compared."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    def load(self) -> None:
        """Reads the model from disk; without this it happens at the first text.

        Raises:
            ModelError: the model is missing, damaged or of another kind.
        """

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts of the collection -> (n, dimension)."""

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Questions -> (n, dimension)."""


class SentenceTransformerEmbedder:
    """Any model in sentence-transformers format, from a folder or the hub."""

    def __init__(self, name: str, *, batch_size: int = 64) -> None:
        self._reference = ModelReference(name)
        self._batch_size = batch_size
        self._model: SentenceTransformer | None = None
        self._lock = threading.Lock()
        self._prefixes = next((value for part, value in PREFIXES.items() if part in name.lower()), ("", ""))

    @property
    def signature(self) -> str:
        return "|".join((self._reference.signature, *self._prefixes))

    @property
    def dimension(self) -> int:
        return int(self._loaded().get_embedding_dimension() or 0)

    def load(self) -> None:
        self._loaded()

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._embed(texts, self._prefixes[1], "encode_document")

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._embed(texts, self._prefixes[0], "encode_query")

    def _embed(self, texts: Sequence[str], prefix: str, method: str) -> NDArray[np.float32]:
        import torch

        model = self._loaded()
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        faster = torch.autocast("cpu", dtype=torch.bfloat16) if fast_bfloat16() else nullcontext()
        with faster:
            encode: Any = getattr(model, method)
            vectors = encode(
                [prefix + text for text in texts],
                batch_size=self._batch_size,
                show_progress_bar=False,
                convert_to_numpy=False,
                convert_to_tensor=True,
            )
        rows = vectors.float().cpu().numpy()
        # A text without any known token may come out as zeros: it stays zeros, and matches nothing.
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.ascontiguousarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)

    def _loaded(self) -> SentenceTransformer:
        with self._lock:
            if self._model is None:
                from sentence_transformers import SentenceTransformer

                reference = self._reference
                self._model = reference.load(
                    lambda local: SentenceTransformer(
                        reference.location,
                        revision=reference.revision,
                        local_files_only=local,
                        device="cpu",
                        model_kwargs={"use_safetensors": True},
                    )
                )
                if not self._model.get_embedding_dimension():
                    raise ModelError(f"{reference.name} ist kein Modell für Satzvektoren (sentence-transformers).")
            return self._model
