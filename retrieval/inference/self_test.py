"""A look at a model before it is used: which kind it is, and whether it does its work on one sentence."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Literal

import numpy as np

from retrieval.errors import ModelError
from retrieval.inference.embedder import Embedder
from retrieval.inference.reader import Reader
from retrieval.language.word_lists import read_entries
from retrieval.messages import notice

Kind = Literal["embedder", "reader"]

QUESTION, SENTENCE, OTHER = read_entries("self_test_de.txt")


def model_kind(folder: Path) -> Kind:
    """What the model in a folder is for, by its configuration.

    Raises:
        ModelError: it is neither an embedder nor a reader, or its configuration is damaged.
    """
    if (folder / "modules.json").is_file():
        return "embedder"
    path = folder / "config.json"
    try:
        architectures = json.loads(path.read_text(encoding="utf-8")).get("architectures") or ()
        if any(str(name).endswith("ForQuestionAnswering") for name in architectures):
            return "reader"
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ModelError(notice("models.config", path=path)) from error
    raise ModelError(notice("models.neither", folder=folder))


def try_embedder(embedder: Embedder) -> tuple[float, float]:
    """The cosines (-1..1) of the question with the sentence that answers it, and with another one.

    Raises:
        ModelError: the model cannot be loaded, or its vectors are of no use.
    """
    question = embedder.embed_questions([QUESTION])
    texts = embedder.embed_texts([SENTENCE, OTHER])
    dimension = embedder.dimension
    vectors = np.concatenate([question, texts]) if question.shape[1:] == texts.shape[1:] else question
    if vectors.shape != (3, dimension):
        raise ModelError(notice("models.other_dimension", dimension=dimension))
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-2):  # not so for NaN either
        raise ModelError(notice("models.useless_vectors"))
    if np.allclose(texts[0], texts[1], atol=1e-4):
        raise ModelError(notice("models.same_vector"))
    near, far = (texts @ question[0]).tolist()
    return near, far


def try_reader(reader: Reader) -> str:
    """What the reader answers to the question.

    Raises:
        ModelError: the model cannot be loaded, or it finds nothing at all.
    """
    (span,) = reader.read(QUESTION, [SENTENCE])
    if span is None or not math.isfinite(span.margin) or SENTENCE[span.start : span.end] != span.text:
        raise ModelError(notice("models.no_span"))
    return span.text
