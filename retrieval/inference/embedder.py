"""Vectors for texts and questions."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from copy import deepcopy
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import ModelError
from retrieval.inference import cores
from retrieval.inference.model_files import ModelReference, check_tokenizer, positions, torch_device
from retrieval.messages import notice

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: What families of models want before a question and before a text, by a word of the model's name.
PREFIXES = {"e5": ("query: ", "passage: ")}
SHARE = 16  # texts that another core is worth


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
    """Any model in sentence-transformers format, from a folder or the hub. May be used from several threads.

    ``device`` is "auto", "cpu" or "cuda".
    """

    def __init__(self, name: str, *, batch_size: int = 64, device: str = "auto") -> None:
        self._reference = ModelReference(name)
        self._batch_size = batch_size
        self._device = device
        self._model: SentenceTransformer | None = None
        self._twins: list[SentenceTransformer] = []  # of the same weights, for the other cores
        # Held while the model works, too: fast tokenizers must not be used by two threads at once.
        self._lock = _FairLock()
        self._prefixes = prefixes(name)

    @property
    def signature(self) -> str:
        return "|".join((self._reference.signature, *self._prefixes))

    @property
    def dimension(self) -> int:
        with self._lock:
            return int(self._loaded().get_embedding_dimension() or 0)

    def load(self) -> None:
        with self._lock:
            self._loaded()

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._embed(texts, self._prefixes[1], "encode_document")

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._embed(texts, self._prefixes[0], "encode_query")

    def _embed(self, texts: Sequence[str], prefix: str, method: str) -> NDArray[np.float32]:
        with self._lock:
            model = self._loaded()
            if not texts:
                return np.zeros((0, int(model.get_embedding_dimension() or 0)), np.float32)
            if model.device.type != "cpu":
                rows = self._encoded(model, list(texts), prefix, method)
            else:
                shares = min(cores.count(), ceil(len(texts) / SHARE))
                self._twins += [_twin(model) for _ in range(len(self._twins), shares - 1)]
                models = (model, *self._twins)[:shares]
                parts = [(one, list(texts[first::shares])) for first, one in enumerate(models)]
                encoded = cores.on_cores(lambda part: self._encoded(*part, prefix, method), parts)
                rows = np.empty((len(texts), encoded[0].shape[1]), np.float32)
                for first, share in enumerate(encoded):
                    rows[first::shares] = share
        # A text without any known token may come out as zeros: it stays zeros, and matches nothing.
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.ascontiguousarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)

    def _encoded(self, model: SentenceTransformer, texts: list[str], prefix: str, method: str) -> NDArray[np.float32]:
        encode: Any = getattr(model, method)
        vectors = encode(
            texts,
            # In place of the prompt that the model may bring itself, which is the same for those families.
            prompt=prefix or None,
            batch_size=self._batch_size,
            show_progress_bar=False,
            convert_to_numpy=False,
            convert_to_tensor=True,
        )
        rows: NDArray[np.float32] = vectors.float().cpu().numpy()
        return rows

    def _loaded(self) -> SentenceTransformer:
        if self._model is None:
            self._model = self._reference.load(self._read_files)
            if self._model.device.type == "cpu":
                cores.prepare(self._model)
        return self._model

    def _read_files(self, folder: Path) -> SentenceTransformer:
        # Without modules.json the library would put its own pooling on any encoder, a reader for example, and say
        # so in the log only: vectors that mean nothing.
        if not (folder / "modules.json").is_file() or _kind(folder) != "SentenceTransformer":
            raise ModelError(notice("models.no_embedder", name=self._reference.name))
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            device=torch_device(self._device),
            model_kwargs={"use_safetensors": True, "dtype": "float32"},
        )
        if not model.get_embedding_dimension():
            raise ModelError(notice("models.no_dimension", name=self._reference.name))
        encoder = model.transformers_model
        if encoder is not None:
            check_tokenizer(model.tokenizer, folder)
            # The library relies on what the tokenizer says about this, and not every tokenizer does.
            model.max_seq_length = min(model.max_seq_length or sys.maxsize, positions(encoder))
        return model


def _twin(model: SentenceTransformer) -> SentenceTransformer:
    """The same weights with a tokenizer of its own: fast tokenizers must not be used by two threads at once."""
    return deepcopy(model, {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())})


class _FairLock:
    """A lock that threads get in turn: who takes it again and again, as indexing does, keeps no question waiting."""

    def __init__(self) -> None:
        self._turnstile, self._lock = threading.Lock(), threading.Lock()

    def __enter__(self) -> None:
        with self._turnstile:
            self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def prefixes(name: str) -> tuple[str, str]:
    """What the model of this name wants before a question and before a text."""
    model = Path(name.partition("@")[0]).name.lower()
    return next((value for family, value in PREFIXES.items() if family in model.split("-")), ("", ""))


def _kind(folder: Path) -> str:
    """Which class of sentence-transformers a model is for; older files do not say, they knew only one."""
    path = folder / "config_sentence_transformers.json"
    config = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return str(config.get("model_type", "SentenceTransformer"))
