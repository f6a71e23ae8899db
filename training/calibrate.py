"""Stage 6: how sure is sure? Fits ``calibration.json`` of the embedded reader.

On the held-out articles of the written questions (``examples.held_out``), German and English, asked of the whole
pipeline among all written articles: logistic regression over the candidates' features decides which candidate is
best, and a second one, over the chosen candidates only, makes its log odds a probability.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from retrieval.answering import Answerer, Candidate
from retrieval.calibration import Calibration, Calibrations, sigmoid
from retrieval.embedding import SentenceTransformerEmbedder
from retrieval.evaluation import RIGHT
from retrieval.indexing import Indexer
from retrieval.keywords import KeywordIndex
from retrieval.metrics import f1
from retrieval.reader import TransformersReader
from retrieval.search import Search
from retrieval.splitting import SentenceSplitter
from retrieval.store import Store
from retrieval.types import Document
from retrieval.vectors import FaissVectorIndex
from training.corpora import Example, written_questions
from training.examples import held_out
from training.paths import MODELS

ANSWERED = 0.80  # share of the answerable questions that the threshold has to leave answered


def logistic(features: np.ndarray, right: np.ndarray, penalty: float = 1e-2) -> np.ndarray:
    """Weights, the first one the bias, by Newton's method with a small ridge."""
    x = np.column_stack([np.ones(len(features)), features])
    weights = np.zeros(x.shape[1])
    ridge = penalty * np.eye(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-(x @ weights)))
        step = np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + ridge, x.T @ (right - p) - ridge @ weights)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def is_right(example: Example, text: str) -> bool:
    answers = [example.context[start:end] for start, end in example.answers]
    return bool(answers) and f1(text, answers) >= RIGHT


def best_threshold(confidence: np.ndarray, right: np.ndarray, answerable: np.ndarray) -> float:
    """The threshold with the best balance of right answers and right silence that still answers ``ANSWERED``."""
    highest = float(np.quantile(confidence[answerable], 1 - ANSWERED))
    options = [t / 100 for t in range(1, 100) if t / 100 <= highest] or [round(highest, 2)]

    def balance(threshold: float) -> float:
        answered = confidence >= threshold
        return float((answered & right)[answerable].mean() + (~answered)[~answerable].mean())

    return max(options, key=balance)


def fit(rows: list[list[tuple[list[float], bool]]], answerable: np.ndarray, names: list[str]) -> Calibration:
    """``rows`` holds, for each question, the features of its candidates and whether each is right."""
    every = [candidate for candidates in rows for candidate in candidates]
    features = np.array([values for values, _ in every])
    weights = logistic(features, np.array([right for _, right in every], float))
    chosen = [max(candidates, key=lambda item: float(np.dot(weights[1:], item[0]))) for candidates in rows]
    logits = np.array([weights[0] + np.dot(weights[1:], values) for values, _ in chosen])
    right = np.array([value for _, value in chosen])
    shift, slope = logistic(logits[:, None], right.astype(float))
    weights = np.concatenate([[shift + slope * weights[0]], slope * weights[1:]])
    confidence = np.array([sigmoid(z) for z in shift + slope * logits])
    fitted = Calibration(**{"behind": 0.0, "bias": weights[0], **dict(zip(names, weights[1:], strict=True))})
    fitted = replace(fitted, threshold=best_threshold(confidence, right, answerable))
    answered = confidence >= fitted.threshold
    print(
        f"{fitted}\n  {len(rows)} questions: {answered[answerable].mean():.1%} of the answerable ones answered, "
        f"{(answered & right)[answerable].mean():.1%} rightly; {(~answered)[~answerable].mean():.1%} of the rest left"
    )
    return fitted


def main() -> None:
    everything = list(written_questions())
    asked = [example for example in everything if held_out(example)]
    asked += [replace(example, question=example.question_en) for example in asked if example.question_en]
    answerable = np.array([bool(example.answers) for example in asked])
    reader = TransformersReader(str(MODELS / "reader"))
    embedder = SentenceTransformerEmbedder(str(MODELS / "embedder"))

    given: list[list[tuple[list[float], bool]]] = []
    for example in asked:
        span = reader.read(example.question, [example.context])[0]
        assert span is not None
        given.append([([span.margin], is_right(example, span.text))])

    found: list[list[tuple[list[float], bool]]] = []
    with tempfile.TemporaryDirectory() as home, Store(Path(home)) as store:
        texts = dict.fromkeys(example.context for example in everything)
        documents = [Document(text, path=f"written:{number}") for number, text in enumerate(texts)]
        Indexer(store, SentenceSplitter(), embedder).index_documents(documents)
        search = Search(store, embedder, FaissVectorIndex(store), KeywordIndex(store))
        answerer = Answerer(search, reader)
        for example in asked:
            hits = search.search(example.question)
            best = max(hit.score for hit in hits)

            def row(candidate: Candidate, best: float = best, example: Example = example) -> tuple[list[float], bool]:
                hit, span = candidate.hit, candidate.span
                right = hit.document.text == example.context and is_right(example, span.text)
                return [span.margin, hit.dense, hit.score - best], right

            found.append([row(candidate) for candidate in answerer.candidates(example.question, hits)])
    Calibrations(
        found=fit(found, answerable, ["margin", "dense", "behind"]), given=fit(given, answerable, ["margin"])
    ).write(MODELS / "reader")


if __name__ == "__main__":
    main()
