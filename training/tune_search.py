"""Measure the weights of ``retrieval.search.search`` on the held-out written questions, German and English.

Prints, for the best combinations, the mean reciprocal rank of the right article, and how often a passage with the
answer is among the five that are read; best last. The choice is made by hand, and goes into
``retrieval/search/search.py``.
"""

from __future__ import annotations

import argparse
import itertools
from functools import cache

import numpy as np

from retrieval.evaluation.runs import temporary_search
from retrieval.inference.embedder import SentenceTransformerEmbedder
from retrieval.search.search import Candidates, Weights, fuse
from retrieval.types import Document
from training.corpora import held_out_questions, written_questions
from training.paths import MODELS

GRID = {
    "keyword": (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.45, 0.6),
    "article": (0.0, 0.5, 1.0, 1.5),
}
READ = 5


def figures(candidates: Candidates, wanted: int, answers: list[str], weights: Weights) -> tuple[float, bool]:
    """1 / rank of the article ``wanted`` among the articles, and whether an answer is in the passages that are read."""
    ranked = [candidates.passages[i] for i in np.argsort(-fuse(candidates, weights), kind="stable")]
    articles = list(dict.fromkeys(passage.document_id for passage in ranked))[:10]
    read = any(p.document_id == wanted and any(answer in p.text for answer in answers) for p in ranked[:READ])
    return 1.0 / (articles.index(wanted) + 1) if wanted in articles else 0.0, read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--embedder", default=str(MODELS / "embedder"))
    arguments = parser.parse_args()
    everything = [*held_out_questions(), *written_questions()]
    asked = [example for example in held_out_questions() if example.answers]
    embedder = SentenceTransformerEmbedder(arguments.embedder)
    texts = dict.fromkeys(example.context for example in everything)
    documents = [Document(text, path=f"written:{number}") for number, text in enumerate(texts)]
    with temporary_search(documents, embedder) as search:

        @cache
        def text_of(article: int) -> str:
            document = search.document(article)
            return "" if document is None else document.text

        for language in ("de", "en"):
            found = []
            for example in asked:
                question = example.question if language == "de" else example.question_en
                answers = [example.context[start:end] for start, end in example.answers]
                candidates = search.candidates(question)
                articles = {passage.document_id for passage in candidates.passages}
                wanted = next((article for article in articles if text_of(article) == example.context), 0)
                found.append((candidates, wanted, answers))
            print(f"{language}: {len(found)} questions, {len(documents)} articles")
            results = []
            for values in itertools.product(*GRID.values()):
                weights = Weights(**dict(zip(GRID, values, strict=True)))
                ranks, reads = zip(*(figures(*each, weights) for each in found), strict=True)
                results.append((sum(ranks) / len(found), sum(reads) / len(found), weights))
            for mean, read, weights in sorted(results, key=lambda item: item[0] + item[1])[-15:]:
                print(f"  MRR@10 {mean:.4f}  read {read:.4f}  {weights}")


if __name__ == "__main__":
    main()
