"""Stage 4: the foundation, with fewer layers, becomes the embedder.

It learns two things at once. What the whole foundation says of questions, sentences and paragraphs is the goal of its
vectors (distillation, Reimers and Gurevych 2020), without what all texts of a language and a side have in common: the
foundation's cosines lie between 0.7 and 0.9, and what is in common would drown what tells texts apart. And questions
are drawn to the sentence that answers them and away from the others in the batch (multiple-negatives ranking, Henderson
et al. 2017), among them neighbouring sentences of the same text and what search found in vain.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast

from retrieval.language.detection import question_language, text_language
from training import processes
from training.batches import pad
from training.corpora import Example, lines, pairs
from training.examples import ExampleSource
from training.passages import sentence_spans
from training.paths import WORK
from training.precision import HalfCopy
from training.schedule import TimedSchedule

QUESTION_TOKENS = 48
TEXT_TOKENS = 112
TEMPERATURE = 0.05
TOGETHER = 4  # paragraphs of one article in a batch: the hardest to tell apart
GROUP = 32  # texts that are padded to one length
SINGLE_SENTENCES = 0.75  # the index holds sentences; the rest is the sentences around, too
PLAIN_TEXTS = 40  # a batch, for the goal vectors alone
GOAL_WEIGHTS = (20.0, 8.0)  # of 1 - cosine to the goal, at the beginning and at the end
QUESTION, TEXT = "query: ", "passage: "  # what the foundation wants before them; the embedder goes without


@dataclass(frozen=True, slots=True)
class Pair:
    """A question (or heading), what it should find, and a text that does not answer it ("" if none).

    ``side`` is what the found text is to the foundation: ``TEXT``, or ``QUESTION`` where both say the same.
    """

    question: str
    text: str
    negative: str = ""
    side: str = TEXT


def from_example(example: Example, rng: random.Random, elsewhere: Sequence[str] = ()) -> Pair | None:
    """The sentence that holds the answer or the sentences around it, and a sentence that does not answer."""
    if not example.answers:
        return None
    start, end = rng.choice(example.answers)
    parts = sentence_spans(example.context)
    holding = [i for i, (a, b) in enumerate(parts) if a < end and start < b]
    if not holding:
        return None
    others = [i for i in range(len(parts)) if i not in holding]
    negative = example.context[slice(*parts[rng.choice(others)])].strip() if others else ""
    if elsewhere and rng.random() < 0.6:
        found = rng.choice(elsewhere)
        negative = found[slice(*rng.choice(sentence_spans(found)))].strip()
    first, last = holding[0], holding[-1]
    if rng.random() > SINGLE_SENTENCES:
        first, last = max(0, first - rng.randint(0, 2)), min(len(parts) - 1, last + rng.randint(0, 2))
    return Pair(example.question, example.context[parts[first][0] : parts[last][1]].strip(), negative)


def draws(rng: random.Random) -> Iterator[Pair]:
    """Training pairs without end."""
    source = ExampleSource(rng.randrange(1000), unswapped=1.0)
    in_vain: dict[str, list[str]] = defaultdict(list)
    for example in (example for kind in source.found.values() for example in kind if not example.answers):
        in_vain[example.question].append(example.context)
    sections: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for heading, text in pairs("wikipedia_heading_paragraph_de"):
        sections[heading.split(" – ")[0]].append((heading.replace(" – ", " "), text))
    titles = list(sections)
    leads = list(pairs("klexikon_lead_pairs_de"))
    translated = list(pairs("tatoeba_de_en")) + list(pairs("documentation_de_en"))
    while True:
        groups: list[list[Pair | None]] = [
            [from_example(example, rng, in_vain[example.question])]
            for example in source.draw(700, easy=0.1, written=0.75, found=0.0, cloze=0.0)
        ]
        for _ in range(60):
            groups.append([from_example(example, rng) for example in source.draw_neighbours(TOGETHER)])
        for title in rng.sample(titles, 25):
            chosen = rng.sample(sections[title], min(TOGETHER, len(sections[title])))
            groups.append([Pair(heading, text) for heading, text in chosen])
        for german, english in rng.sample(translated, 100):
            question, text = rng.sample((german, english), 2)
            groups.append([Pair(question, text, side=QUESTION)])
        groups += [[Pair(title, lead)] for title, lead in rng.sample(leads, 15)]
        rng.shuffle(groups)
        for group in groups:
            yield from (pair for pair in group if pair)


def plain_texts(rng: random.Random) -> Iterator[str]:
    """Sentences of German articles and speeches without end, now and then with the one after."""
    texts = [
        text
        for name in ("wikipedia_de", "bundestag_reden_de")
        for text in rng.sample([line for line in lines(name) if len(line) > 80], 40_000)
    ]
    while True:
        text = rng.choice(texts)
        parts = sentence_spans(text)
        first = rng.randrange(len(parts))
        last = first if rng.random() < SINGLE_SENTENCES else min(first + 1, len(parts) - 1)
        yield text[parts[first][0] : parts[last][1]].strip()


def tokens(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], limit: int) -> list[list[int]]:
    """Token ids of each text, cut to ``limit``."""
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.enable_truncation(limit)
    return [encoding.ids for encoding in backend.encode_batch(list(texts))]


def encode(model: torch.nn.Module, rows: list[list[int]]) -> torch.Tensor:
    """Vectors of length 1 of tokenised texts, in order: (n, dimension), float32."""
    # All rows of the embeddings that are needed at once: each look-up would cost a dense gradient of all of them.
    used, places = np.unique(np.concatenate(rows), return_inverse=True)
    looked_up = functional.embedding(torch.from_numpy(used), model.get_input_embeddings().weight)
    placed = np.split(places, np.cumsum([len(row) for row in rows])[:-1])
    # Similar lengths together: half of the work would be padding otherwise.
    order = sorted(range(len(rows)), key=lambda item: len(rows[item]))
    vectors = []
    for start in range(0, len(order), GROUP):
        group = [placed[item] for item in order[start : start + GROUP]]
        ids = pad(group)
        mask = (torch.arange(ids.shape[1])[None] < torch.tensor([len(row) for row in group])[:, None]).long()
        hidden = model(inputs_embeds=functional.embedding(ids, looked_up), attention_mask=mask).last_hidden_state
        weight = mask[..., None].float()
        vectors.append(functional.normalize((hidden.float() * weight).sum(1) / weight.sum(1), dim=-1))
    return torch.cat(vectors)[torch.tensor(order).argsort()]


class Goals:
    """What the whole foundation says of texts, without what a side and a language have in common."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, model: torch.nn.Module) -> None:
        self._tokenizer = tokenizer
        self._model = model.bfloat16().eval()
        self._means: dict[tuple[str, str], torch.Tensor] = {}

    def measure_means(self, texts: Sequence[str], sides: Sequence[str]) -> None:
        """Take what is in common from these texts."""
        vectors = self._vectors(texts, sides)
        kinds = list(map(_kind, texts, sides))
        for kind in sorted(set(kinds)):
            self._means[kind] = vectors[[place for place, other in enumerate(kinds) if other == kind]].mean(0)
        processes.average([self._means[kind] for kind in sorted(self._means)])

    def __call__(self, texts: Sequence[str], sides: Sequence[str]) -> torch.Tensor:
        """(n, dimension), vectors of length 1."""
        common = torch.stack([self._means[_kind(text, side)] for text, side in zip(texts, sides, strict=True)])
        return functional.normalize(self._vectors(texts, sides) - common, dim=-1)

    @torch.no_grad()
    def _vectors(self, texts: Sequence[str], sides: Sequence[str]) -> torch.Tensor:
        told = [side + text for text, side in zip(texts, sides, strict=True)]
        return encode(self._model, tokens(self._tokenizer, told, TEXT_TOKENS + 4))


def _kind(text: str, side: str) -> tuple[str, str]:
    language = question_language(text) if side == QUESTION else text_language(text)
    return side, "en" if language == "en" else "de"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=85)
    parser.add_argument("--pairs", type=int, default=128, help="pairs a batch")
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--base", default="foundation", help="folder below the work folder to begin with")
    parser.add_argument("--layers", type=int, nargs="+", default=[0, 1, 2, 9, 10, 11], help="layers that are kept")
    parser.add_argument("--output", default="embedder")
    arguments = parser.parse_args()
    rank = processes.join()
    torch.manual_seed(0)
    rng = random.Random(rank)
    tokenizer = AutoTokenizer.from_pretrained(WORK / "foundation")

    def read(folder: str) -> torch.nn.Module:
        return AutoModel.from_pretrained(
            WORK / folder, attn_implementation="eager", add_pooling_layer=False, dtype=torch.float32
        ).eval()  # without dropout, as in reading

    goals = Goals(tokenizer, read("foundation"))
    model = read(arguments.base)
    if len(model.encoder.layer) > len(arguments.layers):
        model.encoder.layer = torch.nn.ModuleList(model.encoder.layer[layer] for layer in arguments.layers)
        model.config.num_hidden_layers = len(arguments.layers)
    embeddings = list(model.get_input_embeddings().parameters())
    body = [parameter for name, parameter in model.named_parameters() if "word_embeddings" not in name]
    optimizer = torch.optim.AdamW(
        [{"params": embeddings, "lr": arguments.rate / 10}, {"params": body, "lr": arguments.rate}],
        weight_decay=0.01, fused=True,
    )  # fmt: skip
    stream, plain = draws(rng), plain_texts(rng)

    def batch() -> tuple[list[Pair], list[str], list[str]]:
        """The pairs, all texts (questions, what they should find, negatives, plain ones), and the side of each."""
        drawn = [next(stream) for _ in range(arguments.pairs)]
        negatives = [pair.negative for pair in drawn if pair.negative]
        more = negatives + [next(plain) for _ in range(PLAIN_TEXTS)]
        texts = [pair.question for pair in drawn] + [pair.text for pair in drawn] + more
        return drawn, texts, [QUESTION] * len(drawn) + [pair.side for pair in drawn] + [TEXT] * len(more)

    samples = [batch() for _ in range(6)]
    goals.measure_means(
        [text for _, texts, _ in samples for text in texts], [side for _, _, sides in samples for side in sides]
    )
    half = HalfCopy(model)
    schedule = TimedSchedule(optimizer, arguments.minutes, "embed", half=half)
    steps = 0
    while not schedule.over:
        drawn, texts, sides = batch()
        count = len(drawn)
        rows = tokens(tokenizer, texts[:count], QUESTION_TOKENS) + tokens(tokenizer, texts[count:], TEXT_TOKENS)
        vectors = encode(half.model, rows)
        share = schedule.share
        weight = GOAL_WEIGHTS[0] * (1 - share) + GOAL_WEIGHTS[1] * share
        far = 1 - (vectors * goals(texts, sides)).sum(-1).mean()
        asked, held = vectors[:count], vectors[count:-PLAIN_TEXTS]
        scores = asked @ held.T / TEMPERATURE
        # The same text twice in a batch is not a negative of itself.
        found = texts[count:-PLAIN_TEXTS]
        same = torch.tensor([[a == b for b in found] for a in found[:count]])
        same.fill_diagonal_(False)
        goal = torch.arange(count)
        ranking = functional.cross_entropy(scores.masked_fill(same, -1e4), goal)
        back = scores[:, :count].masked_fill(same[:, :count], -1e4)
        ranking = ranking + 0.3 * functional.cross_entropy(back.T, goal)
        schedule.step(ranking + weight * far, sum(map(len, rows)))
        steps += 1
        if steps % 50 == 0 and not rank:
            print(f"  ranking {ranking.item():.3f}, 1 - cosine to the goal {far.item():.3f}", flush=True)
        if (steps % 200 == 0 or schedule.over) and not rank:
            model.save_pretrained(WORK / arguments.output)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.save_pretrained(WORK / arguments.output)


if __name__ == "__main__":
    main()
