"""Measure the weights of ``retrieval.search`` on the held-out written questions, German and English.

Prints the mean reciprocal rank of the right article for each combination, best last. The choice is made by hand, and
goes into ``retrieval/search.py``.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from pathlib import Path

import numpy as np

from retrieval.embedding import SentenceTransformerEmbedder
from retrieval.indexing import Indexer
from retrieval.keywords import KeywordIndex
from retrieval.search import Candidates, Search, Weights, fuse
from retrieval.splitting import SentenceSplitter
from retrieval.store import Store
from retrieval.types import Document
from retrieval.vectors import FaissVectorIndex
from training.corpora import written_questions
from training.examples import held_out
from training.paths import MODELS

GRID = {"best": (0.0, 0.5, 1.0, 1.5), "mean": (0.0, 0.5, 1.0), "keyword": (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)}


def reciprocal_rank(candidates: Candidates, wanted: int, weights: Weights) -> float:
    """1 / rank of the article ``wanted`` among the articles by their best passage."""
    order = np.argsort(-fuse(candidates, weights), kind="stable")
    articles = list(dict.fromkeys(candidates.passages[i].document_id for i in order))[:10]
    return 1.0 / (articles.index(wanted) + 1) if wanted in articles else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--embedder", default=str(MODELS / "embedder"))
    arguments = parser.parse_args()
    everything = list(written_questions())
    asked = [example for example in everything if held_out(example) and example.answers]
    embedder = SentenceTransformerEmbedder(arguments.embedder)
    with tempfile.TemporaryDirectory() as home, Store(Path(home)) as store:
        texts = dict.fromkeys(example.context for example in everything)
        documents = [Document(text, path=f"written:{number}") for number, text in enumerate(texts)]
        Indexer(store, SentenceSplitter(), embedder).index_documents(documents)
        row_of = {document.text: document.id for document in store.documents()}
        search = Search(store, embedder, FaissVectorIndex(store), KeywordIndex(store))
        for language in ("de", "en"):
            questions = [(e.question if language == "de" else e.question_en, row_of[e.context]) for e in asked]
            found = [(search.candidates(question), row) for question, row in questions if question]
            print(f"{language}: {len(found)} questions, {len(documents)} articles")
            figures = []
            for values in itertools.product(*GRID.values()):
                weights = Weights(**dict(zip(GRID, values, strict=True)))
                mean = sum(reciprocal_rank(candidates, row, weights) for candidates, row in found) / len(found)
                figures.append((mean, weights))
            for mean, weights in sorted(figures, key=lambda item: item[0])[-12:]:
                print(f"  {mean:.4f}  {weights}")


if __name__ == "__main__":
    main()
