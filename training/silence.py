"""Stage 3: what search really hands to the reader, above all where the collection does not answer.

The written texts are divided into collections. Questions on one of them are asked of another one, off-topic questions
(``data/off_topic``) of the reports, near misses of the collection that holds their article; all in German or English.
The passages found become examples without an answer. Questions asked of their own collection give those with one.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence

from retrieval.evaluation.runs import temporary_search
from retrieval.inference.embedder import SentenceTransformerEmbedder
from retrieval.language.terms import keyword_terms
from retrieval.search.search import Search
from retrieval.types import Document, Hit
from training.check_questions import OffTopic, off_topic_questions
from training.corpora import FOUND, Example, written_questions
from training.paths import MODELS

COLLECTIONS = 8
ELSEWHERE = 11_000  # questions that are asked of a collection that does not hold their text
AT_HOME = 7_000  # questions that are asked of their own collection
READ = 3  # passages of each search, drawn from the best five
ENCYCLOPEDIA = "Wikipedia"  # the source of texts that are no reports
RARE = 3  # a term that no more texts have names something


class Collections:
    """The texts of the examples, divided at random."""

    def __init__(self, examples: Sequence[Example], rng: random.Random) -> None:
        self._random = rng
        texts = sorted({example.context for example in examples})
        rng.shuffle(texts)
        self.of = {text: place % COLLECTIONS for place, text in enumerate(texts)}
        self.terms = {text: frozenset(keyword_terms(text)) for text in texts}
        self._texts_with = Counter(term for found in self.terms.values() for term in found)

    def texts(self, number: int) -> list[str]:
        return [text for text, place in self.of.items() if place == number]

    def names_nothing_of(self, question: str, context: str, passage: str) -> bool:
        """Whether the question names something rare of its own text that the passage does not have.

        Otherwise "Wann begann der Umbau?" may well be answered by another text. A text that is in none of the
        collections is of another world.
        """
        if context not in self.terms:
            return True
        terms = set(keyword_terms(question)) & self.terms[context]
        said = set(keyword_terms(passage))
        return any(self._texts_with[term] <= RARE and term not in said for term in terms)


def found(search: Search, question: str, rng: random.Random) -> list[Hit]:
    hits = list(search.search(question, limit=5))
    return rng.sample(hits, min(READ, len(hits)))


def in_either(german: str, english: str, rng: random.Random) -> str:
    return english if english and rng.random() < 0.45 else german


def elsewhere(search: Search, examples: Sequence[Example], all_: Collections, rng: random.Random) -> Iterator[Example]:
    for example in examples:
        question = in_either(example.question, example.question_en, rng)
        answers = {example.context[start:end].lower() for start, end in example.answers}
        for hit in found(search, question, rng):
            passage = hit.passage.text
            told = any(answer in passage.lower() for answer in answers)
            if not told and all_.names_nothing_of(example.question, example.context, passage):
                yield Example(question, passage, (), "elsewhere")


def at_home(search: Search, examples: Sequence[Example], rng: random.Random) -> Iterator[Example]:
    for example in examples:
        question = in_either(example.question, example.question_en, rng)
        for hit in search.search(question, limit=5):
            if hit.document.text != example.context:
                continue
            first, last = hit.passage.start, hit.passage.end
            inside = tuple((a - first, b - first) for a, b in example.answers if first <= a and b <= last)
            cut = any(a < last and first < b for a, b in example.answers)
            if inside or not cut:
                yield Example(question, hit.passage.text, inside, "at home")


def off_topic(search: Search, asked: Sequence[OffTopic], rng: random.Random) -> Iterator[Example]:
    for item in asked:
        question = in_either(item.question, item.question_en, rng)
        words = {word for word in question.lower().split() if len(word) > 3}
        for hit in found(search, question, rng):
            # A bare keyword that the passage has is no question that it leaves open.
            if item.kind != "keywords" or not any(word in hit.passage.text.lower() for word in words):
                yield Example(question, hit.passage.text, (), item.kind)


def main() -> None:
    rng = random.Random(0)
    written = list(written_questions())
    reports = [example for example in written if example.source != ENCYCLOPEDIA]
    collections = Collections(reports, rng)
    asked = list(off_topic_questions())
    titles = {example.title: example.context for example in reports}
    embedder = SentenceTransformerEmbedder(str(MODELS / "embedder"))  # the last one that was exported
    away = rng.sample([example for example in written if example.answers], ELSEWHERE)
    own = rng.sample(reports, min(AT_HOME, len(reports)))
    counts: Counter[str] = Counter()
    with FOUND.open("w", encoding="utf-8") as file:
        for number in range(COLLECTIONS):
            documents = [Document(text, path=f"written:{i}") for i, text in enumerate(collections.texts(number))]
            before = (number - 1) % COLLECTIONS
            visitors = [
                example
                for place, example in enumerate(away)
                if collections.of.get(example.context, place % COLLECTIONS) == before
            ]
            hosts = [example for example in own if collections.of[example.context] == number]
            strangers = [
                item
                for place, item in enumerate(asked)
                if (collections.of.get(titles.get(item.title, "")) if item.title else place % COLLECTIONS) == number
            ]
            with temporary_search(documents, embedder) as search:
                for examples in (
                    elsewhere(search, visitors, collections, rng),
                    at_home(search, hosts, rng),
                    off_topic(search, strangers, rng),
                ):
                    for example in examples:
                        counts[example.article] += 1
                        row = [example.question, example.context, example.answers, example.article]
                        file.write(json.dumps(row, ensure_ascii=False) + "\n")
            print(number + 1, "of", COLLECTIONS, dict(counts), flush=True)


if __name__ == "__main__":
    main()
