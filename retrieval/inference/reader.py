"""The reader: a question and passages in, the best span of each passage out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.answer import Span
from retrieval.errors import ModelError
from retrieval.inference import cores
from retrieval.inference.model_files import ModelReference, check_tokenizer, positions, torch_device
from retrieval.inference.spans import best_span
from retrieval.messages import notice

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

MAX_TOKENS = 320  # of a window, or fewer if the model reads fewer at once
STRIDE = 96  # tokens that neighbouring windows share, at most half of a window
QUESTION_TOKENS = 64  # a longer question is cut; at most a quarter of a window
BATCH_TOKENS = 8192  # at most, for the memory's sake


class Reader(Protocol):
    """Finds answers in passages."""

    @property
    def signature(self) -> str:
        """Tells this model from any other."""

    def load(self) -> None:
        """Reads the model from disk; without this it happens at the first question.

        Raises:
            ModelError: the model is missing, damaged or of another kind.
        """

    def read(self, question: str, passages: Sequence[str]) -> tuple[Span | None, ...]:
        """The best span of each passage, None for a passage in which there is none, as without any word."""


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of one passage that fits the model together with the question."""

    passage: int
    ids: list[int]
    types: list[int]
    first: int  # position of the first text token in ids
    offsets: NDArray[np.int64]  # (text tokens, 2)
    null: int  # position of [CLS] in ids: "no answer", as SQuAD 2.0 readers are trained


class TransformersReader:
    """Any extractive QA model with a fast tokenizer that ``AutoModelForQuestionAnswering`` loads.

    Passages that are longer than the model reads at once are read in overlapping windows. A window's span competes
    by its margin over the same window's "no answer": logits of different windows have no common scale otherwise.
    May be used from several threads. ``device`` is "auto", "cpu" or "cuda".
    """

    def __init__(self, name: str, *, device: str = "auto") -> None:
        self._reference = ModelReference(name)
        self._device = device
        self._model: PreTrainedModel | None = None
        self._tokenizer: PreTrainedTokenizerFast | None = None
        # Held while the model works, too: fast tokenizers must not be used by two threads at once.
        self._lock = threading.Lock()

    @property
    def signature(self) -> str:
        return self._reference.signature

    @property
    def reference(self) -> ModelReference:
        return self._reference

    def load(self) -> None:
        with self._lock:
            self._load()

    def read(self, question: str, passages: Sequence[str]) -> tuple[Span | None, ...]:
        with self._lock:
            self._load()
            windows = [window for item, text in enumerate(passages) for window in self._windows(item, question, text)]
            windows.sort(key=lambda window: len(window.ids))
            results = self._run(windows)
        best: list[Span | None] = [None] * len(passages)
        for window, start_logits, end_logits in results:
            text = slice(window.first, window.first + len(window.offsets))
            null = float(start_logits[window.null] + end_logits[window.null])
            span = best_span(passages[window.passage], start_logits[text], end_logits[text], window.offsets, null)
            current = best[window.passage]
            if span is not None and (current is None or span.margin > current.margin):
                best[window.passage] = span
        return tuple(best)

    def _load(self) -> None:
        if self._model is None:
            self._tokenizer, self._model = self._reference.load(self._read_files)

    def _read_files(self, folder: Path) -> tuple[PreTrainedTokenizerFast, PreTrainedModel]:
        from transformers import AutoConfig, AutoModelForQuestionAnswering, AutoTokenizer

        # trust_remote_code must be said: left out, transformers asks on the terminal whether it may run code.
        rules: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        wrong_kind = ModelError(notice("models.no_reader", name=self._reference.name))
        if not (folder / "config.json").is_file():
            raise wrong_kind
        config = AutoConfig.from_pretrained(folder, **rules)
        if not any(name.endswith("ForQuestionAnswering") for name in config.architectures or ()):
            raise wrong_kind
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, use_fast=True, **rules)
        check_tokenizer(tokenizer, folder)
        model, report = AutoModelForQuestionAnswering.from_pretrained(
            folder, use_safetensors=True, dtype="float32", output_loading_info=True, **rules
        )
        if report["missing_keys"]:  # transformers fills them with random numbers and goes on
            raise ModelError(notice("models.missing_weight", folder=folder, weight=min(report["missing_keys"])))
        model.eval().to(torch_device(self._device))
        if model.device.type == "cpu":
            cores.prepare(model)
        return tokenizer, model

    def _windows(self, passage: int, question: str, text: str) -> list[_Window]:
        assert self._tokenizer is not None and self._model is not None  # _load() has run
        limit = min(MAX_TOKENS, positions(self._model), self._tokenizer.model_max_length)
        room = min(QUESTION_TOKENS, limit // 4)
        asked = self._tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        encoded = self._tokenizer(
            question[: asked[room - 1][1]] if len(asked) > room else question,
            text,
            truncation="only_second",
            max_length=limit,
            stride=min(STRIDE, limit // 4),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_token_type_ids=True,
        )
        windows = []
        for row, ids in enumerate(encoded["input_ids"]):
            sequence = encoded.sequence_ids(row)
            text_tokens = [position for position, side in enumerate(sequence) if side == 1]
            if not text_tokens:
                continue
            first, last = text_tokens[0], text_tokens[-1] + 1
            offsets = np.array(encoded["offset_mapping"][row][first:last], np.int64).reshape(-1, 2)
            cls = self._tokenizer.cls_token_id
            null = ids.index(cls) if cls in ids else 0
            windows.append(_Window(passage, ids, encoded["token_type_ids"][row], first, offsets, null))
        return windows

    def _run(self, windows: list[_Window]) -> list[tuple[_Window, NDArray[np.float32], NDArray[np.float32]]]:
        """Start and end logits, each (tokens of the window,), on every core a batch of its own."""
        assert self._model is not None  # _load() has run
        if self._model.device.type != "cpu":
            results = [self._forward(batch) for batch in _batches(windows, BATCH_TOKENS)]
        else:
            # The longest first: what is left for the end is short.
            results = cores.on_cores(self._forward, _shared_out(windows, cores.count())[::-1])
        return [result for batch in results for result in batch]

    def _forward(self, batch: list[_Window]) -> list[tuple[_Window, NDArray[np.float32], NDArray[np.float32]]]:
        import torch

        assert self._model is not None and self._tokenizer is not None  # _load() has run
        width = max(len(window.ids) for window in batch)
        ids = np.full((len(batch), width), self._tokenizer.pad_token_id or 0, np.int64)
        mask = np.zeros((len(batch), width), np.int64)
        types = np.zeros((len(batch), width), np.int64)
        for row, window in enumerate(batch):
            ids[row, : len(window.ids)] = window.ids
            mask[row, : len(window.ids)] = 1
            types[row, : len(window.ids)] = window.types
        arrays = {"input_ids": ids, "attention_mask": mask}
        if getattr(self._model.config, "type_vocab_size", 0) > 1:
            arrays["token_type_ids"] = types
        inputs = {name: torch.from_numpy(array).to(self._model.device) for name, array in arrays.items()}
        with torch.inference_mode():
            out = self._model(**inputs)
        starts, ends = out.start_logits.float().cpu().numpy(), out.end_logits.float().cpu().numpy()
        return [(window, starts[row], ends[row]) for row, window in enumerate(batch)]


def _shared_out(windows: list[_Window], shares: int) -> list[list[_Window]]:
    """A batch for each share, as equal as can be, or as few more as ``BATCH_TOKENS`` allow; windows come sorted."""
    tokens = ceil(sum(len(window.ids) for window in windows) / shares)
    while tokens < BATCH_TOKENS and len(_batches(windows, tokens)) > shares:
        tokens += max(1, tokens // 32)
    return _batches(windows, min(tokens, BATCH_TOKENS))


def _batches(windows: list[_Window], tokens: int) -> list[list[_Window]]:
    """As few batches as ``tokens`` of each allow; windows come sorted by length."""
    batches: list[list[_Window]] = []
    for window in windows:
        if not batches or len(window.ids) * (len(batches[-1]) + 1) > tokens:
            batches.append([])
        batches[-1].append(window)
    return batches
